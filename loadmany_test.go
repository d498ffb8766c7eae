package larder_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver/drivertest"
)

// slowMany is ones that takes a second, and heeds its context.
func slowMany(asked *atomic.Int64) func(context.Context, []string) (map[string]int, error) {
	return func(ctx context.Context, missing []string) (map[string]int, error) {
		asked.Add(int64(len(missing)))
		select {
		case <-time.After(time.Second):
			return ones(ctx, missing)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func onesFor(keys []string) map[string]int {
	m, _ := ones(context.Background(), keys)
	return m
}

// TestOverlappingBatches in all orders: each key is loaded once, and nobody waits for ever.
func TestOverlappingBatches(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		keys := strings.Split("abcdefghijklmnop", "")
		var asked atomic.Int64
		var wg sync.WaitGroup
		for i := range 64 {
			mine := slices.Clone(keys[i%8 : i%8+9])
			if i%2 == 0 {
				slices.Reverse(mine)
			}
			wg.Go(func() {
				said(t, "GetOrSetMany", onesFor(mine))(v.GetOrSetMany(t.Context(), mine, slowMany(&asked)))
			})
		}
		wg.Wait()
		if n := asked.Load(); n != int64(len(keys)) {
			t.Errorf("the loaders were asked for %d keys; want each of %d once", n, len(keys))
		}
	})
}

// TestOverlappingBatchesForReal is the same with the scheduler's whims.
func TestOverlappingBatchesForReal(t *testing.T) {
	liveOrNot(t, func(t *testing.T, live bool) {
		c, _ := faulty(t, live)
		v := larder.Of[int](c, "")
		for round := range 50 {
			var wg sync.WaitGroup
			for i := range 16 {
				mine := []string{"a", "b", "c", "d", "e"}
				mine = append(mine[i%5:], mine[:i%5]...)
				for j := range mine {
					mine[j] += fmt.Sprint(round)
				}
				wg.Go(func() { said(t, "GetOrSetMany", onesFor(mine))(v.GetOrSetMany(t.Context(), mine, ones)) })
			}
			wg.Wait()
		}
		if s := c.Stats(); s.Sets != 250 {
			t.Errorf("%d values were stored; want 250", s.Sets)
		}
	})
}

// TestBatchAndSingle share one load in both directions.
func TestBatchAndSingle(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		var wg sync.WaitGroup
		var asked, loads atomic.Int64
		wg.Go(func() { said(t, "GetOrSet", 5)(v.GetOrSet(t.Context(), "a", slow(5, &loads))) })
		synctest.Wait()
		wg.Go(func() {
			both := map[string]int{"a": 5, "b": 1}
			said(t, "GetOrSetMany", both)(v.GetOrSetMany(t.Context(), []string{"a", "b"}, slowMany(&asked)))
		})
		synctest.Wait()
		wg.Go(func() { said(t, "GetOrSet", 1)(v.GetOrSet(t.Context(), "b", never[int](t))) })
		wg.Wait()
		if asked.Load() != 1 || loads.Load() != 1 || c.Stats().Loads != 2 {
			t.Errorf("%d keys asked for, %d single loads, %+v", asked.Load(), loads.Load(), c.Stats())
		}
	})
}

// TestBatchTakesOver: should the caller who loads a key leave, the batch that waits for it loads it.
func TestBatchTakesOver(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		ctx, cancel := context.WithCancel(t.Context())
		var asked, lost atomic.Int64
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := v.GetOrSetMany(ctx, []string{"a", "b"}, slowMany(&lost))
			wantErr(t, "the batch that leaves", err, context.Canceled)
		})
		synctest.Wait()
		wg.Go(func() {
			said(t, "the batch that waits", onesFor([]string{"c", "b", "a"}))(v.GetOrSetMany(t.Context(), []string{"c", "b", "a"}, slowMany(&asked)))
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		if asked.Load() != 3 {
			t.Errorf("the loader was asked for %d keys; want 3", asked.Load())
		}
		if s := c.Stats(); s.LoadErrors != 0 || s.Sets != 3 {
			t.Errorf("%+v", s)
		}
	})
}

// TestBatchLeaves: a batch that waits leaves with its own context, with what it has.
func TestBatchLeaves(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		ok(t, v.Set(t.Context(), "there", 1))
		var wg sync.WaitGroup
		for _, key := range []string{"a", "b"} {
			wg.Go(func() { said(t, "GetOrSet", 1)(v.GetOrSet(t.Context(), key, slow(1, new(atomic.Int64)))) })
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		got, err := v.GetOrSetMany(ctx, []string{"there", "a", "b"}, neverMany[int](t))
		wantErr(t, "GetOrSetMany", err, context.DeadlineExceeded)
		said(t, "what was found", map[string]int{"there": 1})(got, nil)
		wg.Wait()
	})
}

// TestWriteDuringABatch voids the load of its key, and of no other.
func TestWriteDuringABatch(t *testing.T) {
	eachVoider(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty, v *larder.View[int], write func(context.Context) error, stored bool) {
		other := larder.Of[int](c, "other:")
		got, err := v.GetOrSetMany(t.Context(), []string{"k"}, func(ctx context.Context, missing []string) (map[string]int, error) {
			said(t, "another key", 1)(other.GetOrSet(ctx, "k", larder.Value(1)))
			return onesFor(missing), write(ctx)
		})
		said(t, "GetOrSetMany", map[string]int{"k": 1})(got, err)
		if stored {
			want(t, v, "k", 9)
		} else {
			wantMiss(t, v, "k")
		}
	})
}

// TestBatchOfFailures: what another caller's loader says of a key is said of that key.
func TestBatchOfFailures(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		for key, cause := range map[string]error{"broken": errOrigin, "none": larder.ErrNotFound} {
			go func() {
				_, err := v.GetOrSet(t.Context(), key, func(context.Context) (int, error) {
					time.Sleep(time.Second)
					return 0, cause
				})
				wantErr(t, key, err, cause)
			}()
		}
		synctest.Wait()
		got, err := v.GetOrSetMany(t.Context(), []string{"broken", "none", "a"}, ones)
		wantBatch(t, err, errOrigin, "broken")
		said(t, "GetOrSetMany", map[string]int{"a": 1})(got, nil)
		synctest.Wait()
	})
}

func TestBatchLoaderThatDoesNotReturn(t *testing.T) {
	for name, leave := range leaving {
		t.Run(name, func(t *testing.T) {
			loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
				v := larder.Of[int](c, "")
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					defer func() { _ = recover() }()
					_, _ = v.GetOrSetMany(t.Context(), []string{"a", "b"}, func(context.Context, []string) (map[string]int, error) {
						time.Sleep(time.Second)
						leave()
						return nil, nil
					})
				}()
				synctest.Wait()
				_, err := v.GetOrSet(t.Context(), "b", never[int](t))
				if err == nil || !strings.Contains(err.Error(), "panicked") {
					t.Errorf("who waits for a loader that panics: %v", err)
				}
				<-ended
				said(t, "the next load", 2)(v.GetOrSet(t.Context(), "b", larder.Value(2)))
				if s := c.Stats(); s.Loads != 2 || s.LoadErrors != 1 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// TestBatchLeavesJoinedLoads: whose own loader panics waits for nobody's load any more. If it were still counted there, a
// leader that gives up would leave the load to it: one that nobody leads would stay in memory.
func TestBatchLeavesJoinedLoads(t *testing.T) {
	for name, leave := range leaving {
		t.Run(name, func(t *testing.T) {
			loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
				v := larder.Of[int](c, "")
				var wg sync.WaitGroup
				ctx, cancel := context.WithCancel(t.Context())
				wg.Go(func() {
					_, err := v.GetOrSet(ctx, "joined", slow(1, new(atomic.Int64)))
					wantErr(t, "the leader that gives up", err, context.Canceled)
				})
				synctest.Wait()
				wg.Go(func() {
					defer func() { _ = recover() }()
					_, _ = v.GetOrSetMany(t.Context(), []string{"joined", "led"}, func(context.Context, []string) (map[string]int, error) {
						leave()
						return nil, nil
					})
				})
				synctest.Wait()
				cancel()
				wg.Wait()
				if n := larder.ActiveLoads(c); n != 0 {
					t.Errorf("%d loads are left", n)
				}
			})
		})
	}
}

// TestBatchCloses: Close ends the wait for another one's load.
func TestBatchCloses(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		var wg sync.WaitGroup
		wg.Go(func() { said(t, "the leader", 1)(v.GetOrSet(t.Context(), "a", slow(1, new(atomic.Int64)))) })
		synctest.Wait()
		wg.Go(func() {
			_, err := v.GetOrSetMany(t.Context(), []string{"a"}, neverMany[int](t))
			wantErr(t, "the batch that waits", err, larder.ErrClosed)
		})
		synctest.Wait()
		ok(t, c.Close())
		wg.Wait()
	})
}

// TestBatchStoresInFewRoundTrips is about engines outside the process: one read of the keys, one second look-up.
func TestBatchStoresInFewRoundTrips(t *testing.T) {
	c, f := faulty(t, false)
	keys := slices.Sorted(maps.Keys(onesFor(strings.Split("abcdefghij", ""))))
	said(t, "GetOrSetMany", onesFor(keys))(larder.Of[int](c, "").GetOrSetMany(t.Context(), keys, ones))
	if n, m := f.Count(drivertest.OpGetMany), f.Count(drivertest.OpGet); n != 2 || m != 0 {
		t.Errorf("%d calls of GetMany and %d of Get; want 2 and 0", n, m)
	}
}

// TestBatchesThatLeadForEachOther: two calls that each lead a key which the other one waits for load their own first.
//
//	first:  leads a, is held up at v        second: leads b, is held up at v
//	first:  joins b                         second: joins a
func TestBatchesThatLeadForEachOther(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, f *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		gates := []*drivertest.Gate{f.BlockKey(drivertest.OpAdd, "::v"), f.BlockKey(drivertest.OpAddLive, "::v")}
		var wg sync.WaitGroup
		wg.Go(func() { said(t, "a load that stores", 1)(v.GetOrSet(t.Context(), "v", larder.Value(1))) })
		synctest.Wait()
		wg.Go(func() { // nobody joins a load that is void; who comes waits until it has stored
			_, err := v.Delete(t.Context(), "v")
			ok(t, err)
		})
		synctest.Wait()
		for _, keys := range [][]string{{"a", "v", "b"}, {"b", "v", "a"}} {
			wg.Go(func() {
				said(t, "GetOrSetMany", onesFor(keys))(v.GetOrSetMany(t.Context(), keys, slowMany(new(atomic.Int64))))
			})
		}
		synctest.Wait()
		for _, g := range gates {
			g.Release()
		}
		wg.Wait()
	})
}
