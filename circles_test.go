package larder_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver/drivertest"
)

func wantCircle(t testing.TB, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "circular") {
		t.Errorf("loads in a circle: error %v", err)
	}
}

// load asks for another key, and passes its error on.
func asks(v *larder.View[int], key string, load func(context.Context) (int, error)) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return v.GetOrSet(ctx, key, load) }
}

// asksMany is the same in a batch.
func asksMany(v *larder.View[int], keys ...string) func(context.Context, []string) (map[string]int, error) {
	return func(ctx context.Context, _ []string) (map[string]int, error) {
		return v.GetOrSetMany(ctx, keys, ones)
	}
}

func TestCircles(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v, ctx := larder.Of[int](c, ""), t.Context()
		_, err := v.GetOrSet(ctx, "a", asks(v, "a", never[int](t)))
		wantCircle(t, err)
		_, err = v.GetOrSet(ctx, "a", asks(v, "b", asks(v, "c", asks(v, "a", never[int](t)))))
		wantCircle(t, err)
		_, err = v.GetOrSetMany(ctx, []string{"a", "b"}, asksMany(v, "b"))
		wantCircle(t, err)
		_, err = v.GetOrSetMany(ctx, []string{"a", "b"}, asksMany(v, "c", "d", "a"))
		wantCircle(t, err)
		_, err = v.GetOrSet(ctx, "a", func(ctx context.Context) (int, error) {
			got, err := v.GetOrSetMany(ctx, []string{"b", "a"}, ones)
			return len(got), err
		})
		wantCircle(t, err)
		said(t, "a key that was in a circle", 1)(v.GetOrSet(ctx, "a", larder.Value(1)))
	})
}

// TestNoCircle: loads that wait for others are no circle as long as somebody gets on.
func TestNoCircle(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v, ctx := larder.Of[int](c, ""), t.Context()
		said(t, "a chain", 1)(v.GetOrSet(ctx, "a", asks(v, "b", asks(v, "c", larder.Value(1)))))
		said(t, "the same key in another view", 1)(v.GetOrSet(ctx, "x", asks(larder.Of[int](c, "other:"), "x", larder.Value(1))))
		said(t, "the same key in another version", 1)(v.GetOrSet(ctx, "y", func(ctx context.Context) (int, error) {
			return v.GetOrSet(ctx, "y", larder.Value(1), larder.Version(2))
		}))
		said(t, "after a Delete in the loader", 2)(v.GetOrSet(ctx, "z", func(ctx context.Context) (int, error) {
			_, err := v.Delete(ctx, "z")
			ok(t, err)
			return v.GetOrSet(ctx, "z", larder.Value(2))
		}))
	})
}

// inStep runs loads that each stop inside their loader until all are there, and then ask for the next one's key.
func inStep(t *testing.T, views ...*larder.View[int]) {
	keys := []string{"a", "b", "c", "d"}[:len(views)]
	var wg sync.WaitGroup
	var failed sync.Map
	inside := make(chan struct{})
	for i, v := range views {
		next := (i + 1) % len(views)
		wg.Go(func() {
			_, err := v.GetOrSet(t.Context(), keys[i], func(ctx context.Context) (int, error) {
				<-inside
				return views[next].GetOrSet(ctx, keys[next], never[int](t))
			})
			if err != nil {
				failed.Store(i, err)
			}
		})
	}
	synctest.Wait()
	close(inside)
	wg.Wait()
	for i := range views {
		err, _ := failed.Load(i)
		if err == nil {
			t.Fatalf("caller %d of the circle got an answer", i)
		}
		wantCircle(t, err.(error))
	}
}

func TestCircleOverGoroutines(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		inStep(t, v, v)
		inStep(t, v, v, v, v)
	})
}

func TestCircleOverCaches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := larder.Of[int](openCache(t, "memory://"), "")
		b := larder.Of[int](openCache(t, "memory://?isolate=true"), "")
		_, err := a.GetOrSet(t.Context(), "k", asks(b, "k", asks(a, "k", never[int](t))))
		wantCircle(t, err)
		inStep(t, a, b)
	})
}

// TestCircleOverBatches: two batches whose loaders ask for each other's keys.
func TestCircleOverBatches(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		var wg sync.WaitGroup
		inside := make(chan struct{})
		for _, keys := range [][]string{{"a", "b"}, {"c", "d"}} {
			other := map[string]string{"a": "d", "c": "b"}[keys[0]]
			wg.Go(func() {
				_, err := v.GetOrSetMany(t.Context(), keys, func(ctx context.Context, _ []string) (map[string]int, error) {
					<-inside
					return v.GetOrSetMany(ctx, []string{other}, neverMany[int](t))
				})
				wantCircle(t, err)
			})
		}
		synctest.Wait()
		close(inside)
		wg.Wait()
	})
}
