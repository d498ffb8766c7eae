package larder_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver/drivertest"
)

// loadTest runs a test on a memory store that fails on command, in virtual time: a load lasts as long as it says, and
// synctest.Wait returns when everybody waits for something.
func loadTest(t *testing.T, run func(t *testing.T, c *larder.Cache, f *drivertest.Faulty)) {
	liveOrNot(t, func(t *testing.T, live bool) {
		synctest.Test(t, func(t *testing.T) {
			c, f := faulty(t, live, quiet())
			run(t, c, f)
		})
	})
}

// slow is a loader that takes a second and heeds its context.
func slow[V any](val V, loads *atomic.Int64) func(context.Context) (V, error) {
	return func(ctx context.Context) (V, error) {
		loads.Add(1)
		select {
		case <-time.After(time.Second):
			return val, nil
		case <-ctx.Done():
			var zero V
			return zero, ctx.Err()
		}
	}
}

func TestThousandCallersOneLoad(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[user](c, "u:")
		var loads atomic.Int64
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				said(t, "GetOrSet", user{Name: "Ann"})(v.GetOrSet(t.Context(), "k", slow(user{Name: "Ann"}, &loads)))
			})
		}
		wg.Wait()
		if loads.Load() != 1 || c.Stats().Loads != 1 || c.Stats().Sets != 1 {
			t.Errorf("%d loads, %+v", loads.Load(), c.Stats())
		}
		want(t, v, "k", user{Name: "Ann"})
	})
}

// TestThousandCallersForReal is the same in real time, where the scheduler has its say; on SQLite too.
func TestThousandCallersForReal(t *testing.T) {
	for _, s := range settings() {
		if !strings.HasSuffix(s.name, "/both") {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			v := of[point](env{t, s, s.open(t)})
			var loads atomic.Int64
			var wg sync.WaitGroup
			start := make(chan struct{})
			for range 1000 {
				wg.Go(func() {
					<-start
					said(t, "GetOrSet", point{X: 1})(v.GetOrSet(t.Context(), "k", func(context.Context) (point, error) {
						loads.Add(1)
						runtime.Gosched()
						return point{X: 1}, nil
					}))
				})
			}
			close(start)
			wg.Wait()
			if n := loads.Load(); n != 1 {
				t.Errorf("%d loads", n)
			}
		})
	}
}

func TestDummyLoadsOnceForConcurrentCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := larder.Of[int](openCache(t, "dummy://"), "")
		var loads atomic.Int64
		for range 2 {
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() { said(t, "GetOrSet", 1)(v.GetOrSet(t.Context(), "k", slow(1, &loads))) })
			}
			wg.Wait()
		}
		if n := loads.Load(); n != 2 {
			t.Errorf("%d loads for two rounds of callers", n)
		}
	})
}

func TestWaiterLeavesWithItsOwnContext(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		var loads atomic.Int64
		go func() { said(t, "the leader", 1)(v.GetOrSet(t.Context(), "k", slow(1, &loads))) }()
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := v.GetOrSet(ctx, "k", never[int](t))
		wantErr(t, "the waiter", err, context.DeadlineExceeded)
		if d := time.Since(began); d != time.Millisecond {
			t.Errorf("the waiter left after %v", d)
		}
		said(t, "another waiter", 1)(v.GetOrSet(t.Context(), "k", never[int](t)))
	})
}

// TestLeaderLeaves: the load is handed on, once for each leader whose context ends, and only the last one counts.
func TestLeaderLeaves(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		var loads atomic.Int64
		var wg sync.WaitGroup
		for i := range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*100*time.Millisecond)
			defer cancel()
			wg.Go(func() {
				_, err := v.GetOrSet(ctx, "k", slow(i, &loads))
				wantErr(t, "a caller whose context ends", err, context.DeadlineExceeded)
			})
			synctest.Wait()
		}
		for range 10 {
			wg.Go(func() { said(t, "a patient caller", 7)(v.GetOrSet(t.Context(), "k", slow(7, &loads))) })
		}
		wg.Wait()
		if s := c.Stats(); s.Loads != 1 || s.LoadErrors != 0 {
			t.Errorf("abandoned loads are counted: %+v", s)
		}
		if n := loads.Load(); n < 2 {
			t.Errorf("%d loaders ran", n)
		}
	})
}

// TestLeaderLeavesWithASuccess: a loader that succeeds all the same has loaded for everybody.
func TestLeaderLeavesWithASuccess(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			said(t, "the leader", 1)(v.GetOrSet(ctx, "k", func(context.Context) (int, error) {
				time.Sleep(time.Second)
				cancel()
				return 1, nil
			}))
		}()
		synctest.Wait()
		said(t, "the waiter", 1)(v.GetOrSet(t.Context(), "k", never[int](t)))
		synctest.Wait()
	})
}

func TestLastWaiterLeavesAnOrphanedLoad(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		ctx, cancel := context.WithCancel(t.Context())
		var loads atomic.Int64
		for range 3 {
			go func() {
				_, err := v.GetOrSet(ctx, "k", slow(1, &loads))
				wantErr(t, "a caller whose context ends", err, context.Canceled)
			}()
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		said(t, "who comes later", 2)(v.GetOrSet(t.Context(), "k", larder.Value(2)))
	})
}

func TestLoaderErrorGoesToAll(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		for _, cause := range []error{errOrigin, larder.ErrNotFound} {
			for i := range 5 {
				go func() {
					_, err := v.GetOrSet(t.Context(), "k", func(context.Context) (int, error) {
						time.Sleep(time.Second)
						return i, cause
					})
					if err != cause { //nolint:errorlint // it is handed on as it is
						t.Errorf("caller %d: %v; want %v as it is", i, err, cause)
					}
				}()
			}
			synctest.Wait()
			time.Sleep(2 * time.Second)
		}
		wantMiss(t, v, "k")
		if s := c.Stats(); s.Loads != 2 || s.LoadErrors != 1 || s.Sets != 0 {
			t.Errorf("one load failed, one found nothing: %+v", s)
		}
	})
}

// leaving are ways to get out of a loader other than to return.
var leaving = map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit}

func TestLoaderThatDoesNotReturn(t *testing.T) {
	for name, leave := range leaving {
		t.Run(name, func(t *testing.T) {
			loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
				v := larder.Of[int](c, "")
				recovered := make(chan any, 1)
				go func() {
					defer func() { recovered <- recover() }()
					_, _ = v.GetOrSet(t.Context(), "k", func(context.Context) (int, error) {
						time.Sleep(time.Second)
						leave()
						return 1, nil
					})
				}()
				synctest.Wait()
				_, err := v.GetOrSet(t.Context(), "k", never[int](t))
				if err == nil || !strings.Contains(err.Error(), `"k"`) {
					t.Errorf("the waiter of a loader that panics: %v", err)
				}
				if r := <-recovered; (name == "panic") != (r == "boom") {
					t.Errorf("the caller recovers %v", r)
				}
				said(t, "the next load", 2)(v.GetOrSet(t.Context(), "k", larder.Value(2)))
				if s := c.Stats(); s.Loads != 2 || s.LoadErrors != 1 {
					t.Errorf("a load that panicked and one that did not: %+v", s)
				}
			})
		})
	}
}

// voiders are the writes that end the right of a load to store.
func voiders(v *larder.View[int]) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Set":         func(ctx context.Context) error { return v.Set(ctx, "k", 9) },
		"SetMany":     func(ctx context.Context) error { return v.SetMany(ctx, map[string]int{"k": 9}) },
		"Delete":      func(ctx context.Context) error { _, err := v.Delete(ctx, "k"); return err },
		"DeleteMany":  func(ctx context.Context) error { _, err := v.DeleteMany(ctx, []string{"x", "k"}); return err },
		"Clear":       func(ctx context.Context) error { _, err := v.Clear(ctx); return err },
		"Cache.Clear": nil, // set by the test
	}
}

// eachVoider runs a test for each of them.
func eachVoider(t *testing.T, run func(t *testing.T, c *larder.Cache, f *drivertest.Faulty, v *larder.View[int], write func(context.Context) error, stored bool)) {
	for name := range voiders(nil) {
		t.Run(name, func(t *testing.T) {
			loadTest(t, func(t *testing.T, c *larder.Cache, f *drivertest.Faulty) {
				v := larder.Of[int](c, "v:")
				write := voiders(v)[name]
				if write == nil {
					write = func(ctx context.Context) error { _, err := c.Clear(ctx); return err }
				}
				run(t, c, f, v, write, strings.HasPrefix(name, "Set"))
			})
		})
	}
}

// TestWriteDuringALoad: the late result is returned to who asked before the write, never stored, and not given to who asks later.
func TestWriteDuringALoad(t *testing.T) {
	eachVoider(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty, v *larder.View[int], write func(context.Context) error, stored bool) {
		var loads atomic.Int64
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { said(t, "who asked before the write", 1)(v.GetOrSet(t.Context(), "k", slow(1, &loads))) })
		}
		synctest.Wait()
		ok(t, write(t.Context()))
		after := 2
		if stored {
			after = 9
		}
		said(t, "who asks after the write", after)(v.GetOrSet(t.Context(), "k", larder.Value(2)))
		wg.Wait()
		want(t, v, "k", after)
		if loads.Load() != 1 {
			t.Errorf("%d loads before the write", loads.Load())
		}
	})
}

// TestWriteDuringTheLoadOfNobodyElse: nothing is there after a Delete, although the load ends later.
func TestWriteDuringTheLoadOfNobodyElse(t *testing.T) {
	eachVoider(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty, v *larder.View[int], write func(context.Context) error, stored bool) {
		said(t, "GetOrSet", 1)(v.GetOrSet(t.Context(), "k", func(ctx context.Context) (int, error) { return 1, write(ctx) }))
		if stored {
			want(t, v, "k", 9)
		} else {
			wantMiss(t, v, "k")
		}
		if s := c.Stats(); s.Errors != 0 || s.Loads != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// TestWriteWhileTheLeaderStores waits for it: the Delete would otherwise be undone.
func TestWriteWhileTheLeaderStores(t *testing.T) {
	eachVoider(t, func(t *testing.T, c *larder.Cache, f *drivertest.Faulty, v *larder.View[int], write func(context.Context) error, stored bool) {
		gate := f.Block(drivertest.OpAdd)
		liveGate := f.Block(drivertest.OpAddLive)
		led, written := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(led)
			said(t, "the leader", 1)(v.GetOrSet(t.Context(), "k", larder.Value(1)))
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantErr(t, "a write whose context ends while it waits", write(ctx), context.DeadlineExceeded)
		go func() {
			defer close(written)
			ok(t, write(t.Context()))
		}()
		synctest.Wait()
		select {
		case <-written:
			t.Error("the write has overtaken the store")
		default:
		}
		gate.Release()
		liveGate.Release()
		<-led
		<-written
		if stored {
			want(t, v, "k", 9)
		} else {
			wantMiss(t, v, "k")
		}
	})
}

// TestNobodyJoinsAVoidedStore: who comes while a voided load still stores waits for it, and loads again.
func TestNobodyJoinsAVoidedStore(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, f *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		gates := []*drivertest.Gate{f.Block(drivertest.OpAdd), f.Block(drivertest.OpAddLive)}
		var wg sync.WaitGroup
		wg.Go(func() { said(t, "the leader", 1)(v.GetOrSet(t.Context(), "k", larder.Value(1))) })
		synctest.Wait()
		wg.Go(func() { said(t, "Delete", true)(v.Delete(t.Context(), "k")) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := v.GetOrSet(ctx, "k", never[int](t))
		wantErr(t, "a caller whose context ends while it waits", err, context.DeadlineExceeded)
		wg.Go(func() {
			got, err := v.GetOrSet(t.Context(), "k", larder.Value(2))
			if err != nil || (got != 1 && got != 2) {
				t.Errorf("GetOrSet = %v, %v", got, err)
			}
		})
		synctest.Wait()
		for _, g := range gates {
			g.Release()
		}
		wg.Wait()
	})
}

// TestAddAndIncrDuringALoad: they come first, so theirs is the entry, and what GetOrSet returns.
func TestAddAndIncrDuringALoad(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		said(t, "GetOrSet", 5)(v.GetOrSet(t.Context(), "added", func(ctx context.Context) (int, error) {
			said(t, "Add", true)(v.Add(ctx, "added", 5))
			return 1, nil
		}))
		want(t, v, "added", 5)
		said(t, "GetOrSet", 3)(v.GetOrSet(t.Context(), "n", func(ctx context.Context) (int, error) {
			said(t, "Incr", int64(3))(v.Incr(ctx, "n", 3))
			return 1, nil
		}))
		want(t, v, "n", 3)
	})
}

func TestCloseEndsWaiting(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[int](c, "")
		var wg sync.WaitGroup
		wg.Go(func() {
			said(t, "the leader, whose loader has its own time", 1)(v.GetOrSet(t.Context(), "k", slow(1, new(atomic.Int64))))
		})
		synctest.Wait()
		began := time.Now()
		for range 3 {
			wg.Go(func() {
				_, err := v.GetOrSet(t.Context(), "k", never[int](t))
				wantErr(t, "a waiter", err, larder.ErrClosed)
				_, err = v.GetOrSetMany(t.Context(), []string{"k"}, neverMany[int](t))
				wantErr(t, "a caller after Close", err, larder.ErrClosed)
				if time.Since(began) != 0 {
					t.Error("the waiter has waited for the load")
				}
			})
		}
		synctest.Wait()
		ok(t, c.Close())
		wg.Wait()
	})
}

// TestTwoCachesOnOneStore share their loads, and a write of one voids those of the other.
func TestTwoCachesOnOneStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := larder.Of[int](openCache(t, "memory://two-caches"), "")
		b := larder.Of[int](openCache(t, "memory://two-caches?isolate=true"), "")
		var loads atomic.Int64
		var wg sync.WaitGroup
		for _, v := range []*larder.View[int]{a, b, a, b} {
			wg.Go(func() { said(t, "GetOrSet", 1)(v.GetOrSet(t.Context(), "k", slow(1, &loads))) })
		}
		wg.Wait()
		if loads.Load() != 1 {
			t.Errorf("%d loads", loads.Load())
		}
		wg.Go(func() { said(t, "GetOrSet", 1)(a.GetOrSet(t.Context(), "l", slow(1, &loads))) })
		synctest.Wait()
		said(t, "Delete", false)(b.Delete(t.Context(), "l"))
		wg.Wait()
		wantMiss(t, a, "l")
		wantMiss(t, b, "l")
	})
}

// TestTwoTypesOfOneKey: the waiter of another type gets what the load gave if it can, and loads itself if not.
func TestTwoTypesOfOneKey(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		ints, floats, texts := larder.Of[int](c, ""), larder.Of[float64](c, ""), larder.Of[string](c, "")
		var wg sync.WaitGroup
		var loads atomic.Int64
		wg.Go(func() { said(t, "int", 1)(ints.GetOrSet(t.Context(), "k", slow(1, &loads))) })
		synctest.Wait()
		wg.Go(func() { said(t, "float64", 1.0)(floats.GetOrSet(t.Context(), "k", slow(2.0, &loads))) })
		wg.Go(func() { said(t, "string", "text")(texts.GetOrSet(t.Context(), "k", slow("text", &loads))) })
		wg.Wait()
		want(t, texts, "k", "text")
		if loads.Load() != 2 {
			t.Errorf("%d loads; want one as a number and one as a string", loads.Load())
		}
	})
}

// TestValuesAreNotShared: whoever gets a value from one load may do with it what it likes.
func TestValuesAreNotShared(t *testing.T) {
	loadTest(t, func(t *testing.T, c *larder.Cache, _ *drivertest.Faulty) {
		v := larder.Of[map[string][]int](c, "")
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				got, err := v.GetOrSet(t.Context(), "k", slow(map[string][]int{"a": {1}}, new(atomic.Int64)))
				if err != nil || got["a"][0] != 1 {
					t.Errorf("GetOrSet = %v, %v", got, err)
				}
				got["a"][0]++
				got["b"] = nil
			})
		}
		wg.Wait()
		want(t, v, "k", map[string][]int{"a": {1}})
	})
}

// TestLoaderGetsTheCallersContext with what is in it, and runs on the caller's goroutine.
func TestLoaderGetsTheCallersContext(t *testing.T) {
	type key struct{}
	v := larder.Of[string](openCache(t, "memory://"), "")
	ctx := context.WithValue(t.Context(), key{}, "mine")
	said(t, "GetOrSet", "mine")(v.GetOrSet(ctx, "k", func(ctx context.Context) (string, error) {
		s, is := ctx.Value(key{}).(string)
		if !is {
			return "", errors.New("the context has lost its value")
		}
		return s, nil
	}))
}
