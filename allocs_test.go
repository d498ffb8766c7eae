package larder_test

import (
	"context"
	"testing"
	"time"

	"github.com/larder-go/larder"
)

// wantAllocs fails if a call makes more allocations. The race detector makes some of its own.
func wantAllocs(t *testing.T, what string, most float64, call func()) {
	t.Helper()
	call()
	if n := testing.AllocsPerRun(200, call); n > most && !raceEnabled {
		t.Errorf("%s: %v allocations; want at most %v", what, n, most)
	}
}

// TestHotPathsDoNotAllocate: a hit, a miss and a GetOrSet hit, with key prefix, version and ttl.
func TestHotPathsDoNotAllocate(t *testing.T) {
	for _, url := range []string{"memory://?key_prefix=shop&version=3&ttl=10m", "memory://?max_bytes=10mb&key_prefix=shop"} {
		c := openCache(t, url)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		points, ints, texts := larder.Of[point](c, "point:"), larder.Of[int](c, "int:"), larder.Of[string](c, "text:")
		shared, err := larder.NewView(c, "shared:", larder.Policy[map[string]int]{Shared: true})
		ok(t, err)
		ok(t, points.Set(ctx, "k", point{X: 1, Label: "x"}))
		ok(t, ints.Set(ctx, "k", 1<<40))
		ok(t, texts.Set(ctx, "k", "text"))
		ok(t, shared.Set(ctx, "k", map[string]int{"a": 1}))
		wantAllocs(t, "Get of a struct", 0, func() { _, _ = points.Get(ctx, "k") })
		wantAllocs(t, "Get of an int", 0, func() { _, _ = ints.Get(ctx, "k") })
		wantAllocs(t, "Get of a string", 0, func() { _, _ = texts.Get(ctx, "k") })
		wantAllocs(t, "Get of a shared map", 0, func() { _, _ = shared.Get(ctx, "k") })
		wantAllocs(t, "a miss", 0, func() { _, _ = points.Get(ctx, "absent") })
		wantAllocs(t, "GetOr of a miss", 0, func() { _, _ = ints.GetOr(ctx, "absent", 1) })
		id := "k"
		wantAllocs(t, "GetOrSet that hits", 0, func() {
			_, _ = points.GetOrSet(ctx, id, func(context.Context) (point, error) { return point{Label: id}, nil })
		})
		wantAllocs(t, "GetOrSet with a ttl that hits", 0, func() {
			_, _ = ints.GetOrSet(ctx, "k", func(context.Context) (int, error) { return len(id), nil }, larder.TTL(time.Minute))
		})
		wantAllocs(t, "Set", 6, func() { _ = points.Set(ctx, "k", point{X: 2}) })
	}
}
