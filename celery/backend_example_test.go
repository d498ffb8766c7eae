package celery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/larder-go/larder/celery"
	_ "github.com/larder-go/larder/memory" // the engine; for Redis it is larder/redis
)

func ExampleOpenBackend() {
	ctx := context.Background()
	b, err := celery.OpenBackend(ctx, "memory://", celery.WithExpires(time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()
	if err := b.Set(ctx, "celery-task-meta-42", []byte(`{"status": "SUCCESS", "result": 1}`)); err != nil {
		fmt.Println(err)
	}
	entries, err := b.MGet(ctx, []string{"celery-task-meta-42", "celery-task-meta-43"})
	fmt.Println(string(entries[0].Value), err)
	fmt.Println(errors.Is(entries[1].Err, celery.ErrMiss))
	// Output:
	// {"status": "SUCCESS", "result": 1} <nil>
	// true
}

func ExampleReadConfig() {
	cfg, warnings, err := celery.ReadConfig(strings.NewReader(`
result_backend: cache+memcached://user:secret@10.0.0.1:11211;10.0.0.2:11211/
result_expires: 36h
resut_serializer: json
broker_url: amqp://localhost
`))
	fmt.Println(cfg, *cfg.ResultExpires, err)
	fmt.Println(warnings[0])
	// Output:
	// celery.Config{memcached://user:**@10.0.0.1:11211;10.0.0.2:11211/} 36h0m0s <nil>
	// resut_serializer: Celery has no such setting; did you mean result_serializer?
}
