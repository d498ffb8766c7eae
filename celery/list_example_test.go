package celery_test

import (
	"context"
	"fmt"
	"time"

	"github.com/larder-go/larder/celery"
)

// What has failed in the last hour, whatever else is stored: results are walked through, a few hundred at a time.
func ExampleResults_List() {
	ctx := context.Background()
	results, _ := celery.Open(ctx, "memory://")
	defer results.Close()
	_ = results.MarkDone(ctx, "d2f1", 42, nil)
	_ = results.MarkFailed(ctx, "77b0", celery.Exception("builtins", "ValueError", "boom"), nil)

	failed := celery.Filter{States: []celery.State{celery.Failure}, After: time.Now().Add(-time.Hour)}
	for stored, err := range results.List(ctx, failed) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(stored.ID, stored.Meta.Exception())
	}
	// Output: 77b0 ValueError: boom
}

// What would stay for ever gets a lifetime.
func ExampleResults_Audit() {
	ctx := context.Background()
	results, _ := celery.Open(ctx, "memory://", celery.WithExpires(celery.NoExpiry))
	defer results.Close()
	_ = results.MarkDone(ctx, "d2f1", 42, nil)

	for finding, err := range results.Audit(ctx, celery.AuditOptions{FixTTL: 24 * time.Hour}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(finding.Kind, finding.ID, finding.Repaired)
	}
	// Output: no-ttl d2f1 true
}
