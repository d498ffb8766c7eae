package larder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
)

// leaseTime is how long a process that has died keeps others waiting; renewal is how often a living one says that it lives.
const (
	leaseTime = 3 * time.Second
	renewal   = time.Second
)

// processTest runs a test on two processes, in virtual time. No lease may be left at its end.
func processTest(t *testing.T, run func(t *testing.T, c *common, a, b process)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCommon(t)
		a, b := c.open(t), c.open(t)
		run(t, c, a, b)
		synctest.Wait()
		if n := c.leases(); n > 0 {
			t.Errorf("%d leases are left", n)
		}
	})
}

func ints(p process) *larder.View[int] { return larder.Of[int](p.Cache, "") }

// call is a GetOrSet on a goroutine of its own.
type call struct {
	done  chan struct{}
	val   int
	err   error
	took  time.Duration
	panic any
}

func ask(ctx context.Context, v *larder.View[int], load func(context.Context) (int, error)) *call {
	return askFor(ctx, v, "k", load)
}

// askFor returns when the call waits for something.
func askFor(ctx context.Context, v *larder.View[int], key string, load func(context.Context) (int, error)) *call {
	c := &call{done: make(chan struct{})}
	from := time.Now()
	go func() {
		defer close(c.done)
		defer func() { c.panic = recover() }()
		defer func() { c.took = time.Since(from) }()
		c.val, c.err = v.GetOrSet(ctx, key, load)
	}()
	synctest.Wait()
	return c
}

// gives fails unless the call gives val, after so long a time.
func (c *call) gives(t *testing.T, who string, val int, took time.Duration) {
	t.Helper()
	<-c.done
	if c.err != nil || c.val != val || c.took != took {
		t.Errorf("%s: %d, %v after %v; want %d after %v", who, c.val, c.err, c.took, val, took)
	}
}

func (c *call) fails(t *testing.T, who string, err error) {
	t.Helper()
	<-c.done
	wantErr(t, who, c.err, err)
}

// lasting is a loader that takes so long, and counts.
func lasting(d time.Duration, val int, loads *atomic.Int64) func(context.Context) (int, error) {
	return func(context.Context) (int, error) {
		loads.Add(1)
		time.Sleep(d)
		return val, nil
	}
}

func wantLoads(t *testing.T, loads *atomic.Int64, want int64) {
	t.Helper()
	if n := loads.Load(); n != want {
		t.Errorf("%d loads; want %d", n, want)
	}
}

func TestOneLoadOfTwoProcesses(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		var wg sync.WaitGroup
		from := time.Now()
		for i := range 500 {
			v := ints([]process{a, b}[i%2])
			wg.Go(func() { said(t, "GetOrSet", 7)(v.GetOrSet(t.Context(), "k", lasting(time.Second, 7, &loads))) })
		}
		wg.Wait()
		wantLoads(t, &loads, 1)
		if took := time.Since(from); took != time.Second {
			t.Errorf("it took %v", took)
		}
		if n := a.Stats().Loads + b.Stats().Loads; n != 1 {
			t.Errorf("%d loads counted", n)
		}
		if n := b.faulty.Count(drivertest.OpGet) + a.faulty.Count(drivertest.OpGet); n != 500 {
			t.Errorf("500 callers asked the engine %d times", n)
		}
	})
}

func TestOneLoadOfTwoBatches(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var mu sync.Mutex
		loaded := map[string]int{}
		load := func(_ context.Context, keys []string) (map[string]int, error) {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			m := map[string]int{}
			for _, k := range keys {
				loaded[k]++
				m[k] = len(k)
			}
			return m, nil
		}
		var wg sync.WaitGroup
		for i := range 20 {
			keys := []string{"a", "bb", "ccc", "dddd", "eeeee", "ffffff"}[i%3 : i%3+3]
			if i%2 == 1 {
				slices.Reverse(keys)
			}
			keys = slices.Clone(keys)
			v := ints([]process{a, b}[i%2])
			wg.Go(func() {
				m, err := v.GetOrSetMany(t.Context(), keys, load)
				for _, k := range keys {
					if m[k] != len(k) {
						t.Errorf("%v = %v, %v", keys, m, err)
					}
				}
			})
		}
		wg.Wait()
		for k, n := range loaded {
			if n != 1 {
				t.Errorf("%s is loaded %d times", k, n)
			}
		}
	})
}

// TestCrossingBatches: two batches with the same keys in opposite order, and single calls across them.
func TestCrossingBatches(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		first := askFor(t.Context(), ints(b), "y", lasting(time.Second, 1, &loads))
		second := askFor(t.Context(), ints(a), "x", lasting(2*time.Second, 1, &loads))
		var wg sync.WaitGroup
		for i, keys := range [][]string{{"x", "y", "z"}, {"z", "y", "x"}} {
			wg.Go(func() {
				m, err := ints([]process{a, b}[i]).GetOrSetMany(t.Context(), keys, func(ctx context.Context, missing []string) (map[string]int, error) {
					if !slices.Equal(missing, []string{"z"}) {
						t.Errorf("it is asked for %v", missing)
					}
					return ones(ctx, missing)
				})
				if err != nil || len(m) != 3 {
					t.Errorf("%v = %v, %v", keys, m, err)
				}
			})
		}
		wg.Wait()
		first.gives(t, "b", 1, time.Second)
		second.gives(t, "a", 1, 2*time.Second)
		wantLoads(t, &loads, 2)
	})
}

// TestOthersGoOnAtOnce: a load that ends without a value does not keep another process waiting.
func TestOthersGoOnAtOnce(t *testing.T) {
	ends := map[string]func(ctx context.Context) (int, error){
		"error":    func(context.Context) (int, error) { return 0, errOrigin },
		"notFound": func(context.Context) (int, error) { return 0, larder.ErrNotFound },
		"panic":    func(context.Context) (int, error) { panic("the loader's") },
		"context":  func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			processTest(t, func(t *testing.T, _ *common, a, b process) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				fails := ask(ctx, ints(a), func(ctx context.Context) (int, error) { time.Sleep(time.Second); return end(ctx) })
				var loads atomic.Int64
				ask(t.Context(), ints(b), lasting(time.Second, 7, &loads)).gives(t, "the other", 7, 2*time.Second)
				<-fails.done
				if fails.panic == nil && fails.err == nil || fails.took != time.Second {
					t.Errorf("it gives %d, %v after %v", fails.val, fails.err, fails.took)
				}
				wantLoads(t, &loads, 1)
				want(t, ints(a), "k", 7)
			})
		})
	}
}

func TestOthersGoOnAfterABatch(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		go func() {
			_, err := ints(a).GetOrSetMany(t.Context(), []string{"x", "k"}, func(context.Context, []string) (map[string]int, error) {
				time.Sleep(time.Second)
				return map[string]int{"x": 1}, nil
			})
			ok(t, err)
		}()
		synctest.Wait()
		ask(t.Context(), ints(b), larder.Value(7)).gives(t, "of what the loader leaves out", 7, time.Second)
		synctest.Wait() // the batch stores its keys in parallel
		want(t, ints(b), "x", 1)
	})
}

// TestTheNextInTheProcessLeads: the lease of a caller whose context has ended does not stand in the way of the next one.
func TestTheNextInTheProcessLeads(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, _ process) {
		var loads atomic.Int64
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		first := ask(ctx, ints(a), slow(1, &loads))
		second := ask(t.Context(), ints(a), slow(2, &loads))
		<-first.done
		second.gives(t, "the next", 2, time.Second/2+time.Second)
	})
}

// TestDeadProcess: a process that says nothing more keeps others waiting for the lease's time, and not longer.
func TestDeadProcess(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		dead := ask(t.Context(), ints(a), lasting(time.Hour, 1, &loads))
		time.Sleep(renewal / 2)
		unplugged := errors.New("unplugged")
		for _, op := range drivertest.AllOps() {
			if op != drivertest.OpClose {
				a.faulty.Fail(op, unplugged)
			}
		}
		ask(t.Context(), ints(b), lasting(time.Second, 7, &loads)).gives(t, "the other", 7, leaseTime-renewal/2+time.Second)
		dead.gives(t, "the dead", 1, time.Hour)
		a.faulty.Heal()
		want(t, ints(a), "k", 7)
	})
}

// TestLateProcess: one that was dead for a while does not store over what came meanwhile, and gets that.
func TestLateProcess(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		late := ask(t.Context(), ints(a), lasting(10*time.Second, 1, &loads))
		gate := a.faulty.Block(drivertest.OpRenew)
		ask(t.Context(), ints(b), lasting(time.Second, 7, &loads)).gives(t, "the other", 7, leaseTime+time.Second)
		gate.Release()
		late.gives(t, "the late one", 7, 10*time.Second)
		want(t, ints(b), "k", 7)
		wantLoads(t, &loads, 2)
	})
}

// TestLongLoad: a living process keeps its lease as long as its loader runs.
func TestLongLoad(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		first := ask(t.Context(), ints(a), lasting(time.Minute, 1, &loads))
		ask(t.Context(), ints(b), lasting(time.Second, 2, &loads)).gives(t, "the other", 1, time.Minute)
		first.gives(t, "the loader", 1, time.Minute)
		wantLoads(t, &loads, 1)
		renewed, awaited := a.faulty.Count(drivertest.OpRenew), b.faulty.Count(drivertest.OpAcquire)
		if renewed < 57 || renewed > 60 || awaited > 3 {
			t.Errorf("%d renewals, and the other asked %d times", renewed, awaited)
		}
	})
}

// TestRenewalThatFailsOnce: a lease outlives one failure.
func TestRenewalThatFailsOnce(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		a.faulty.FailTimes(drivertest.OpRenew, 1, errors.New("unplugged"))
		ask(t.Context(), ints(a), lasting(10*time.Second, 1, &loads))
		ask(t.Context(), ints(b), lasting(time.Second, 2, &loads)).gives(t, "the other", 1, 10*time.Second)
		wantLoads(t, &loads, 1)
	})
}

// TestCircleOverProcesses: loaders of two processes that wait for each other, which nobody can see, end; also if each renewal of
// the other's lease wakes them.
func TestCircleOverProcesses(t *testing.T) {
	for _, jumpy := range []bool{false, true} {
		circleOverProcesses(t, jumpy)
	}
}

func circleOverProcesses(t *testing.T, jumpy bool) {
	processTest(t, func(t *testing.T, c *common, a, b process) {
		c.jumpy = jumpy
		var loads atomic.Int64
		asking := func(v *larder.View[int], key string) func(context.Context) (int, error) {
			return func(ctx context.Context) (int, error) {
				time.Sleep(time.Second)
				return v.GetOrSet(ctx, key, lasting(time.Second, 1, &loads))
			}
		}
		x := askFor(t.Context(), ints(a), "x", asking(ints(a), "y"))
		y := askFor(t.Context(), ints(b), "y", asking(ints(b), "x"))
		x.gives(t, "x", 1, time.Second+leaseTime+time.Second)
		y.gives(t, "y", 1, time.Second+leaseTime+time.Second)
		want(t, ints(a), "x", 1)
		want(t, ints(a), "y", 1)
	})
}

func TestCircleOverProcessesOfBatches(t *testing.T) {
	processTest(t, func(t *testing.T, c *common, a, b process) {
		c.jumpy = true
		var wg sync.WaitGroup
		from := time.Now()
		for i, keys := range [][]string{{"x", "y"}, {"y", "x"}} {
			v := ints([]process{a, b}[i])
			wg.Go(func() {
				said(t, "GetOrSetMany", map[string]int{keys[0]: 1})(v.GetOrSetMany(t.Context(), keys[:1], func(ctx context.Context, missing []string) (map[string]int, error) {
					time.Sleep(time.Second)
					_, err := v.GetOrSetMany(ctx, keys[1:], ones)
					ok(t, err)
					return ones(ctx, missing)
				}))
			})
		}
		wg.Wait()
		if took := time.Since(from); took != time.Second+leaseTime {
			t.Errorf("it took %v", took)
		}
	})
}

// TestWaitsEnd: who waits for another process leaves with his context, and with Close.
func TestWaitsEnd(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		ask(t.Context(), ints(a), lasting(time.Minute, 1, &loads))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		leads := ask(ctx, ints(b), never[int](t))
		joins := ask(t.Context(), ints(b), never[int](t))
		leads.fails(t, "whose context ends", context.DeadlineExceeded)
		batch := make(chan error)
		go func() {
			_, err := ints(b).GetOrSetMany(t.Context(), []string{"k"}, neverMany[int](t))
			batch <- err
		}()
		synctest.Wait()
		ok(t, b.Close())
		joins.fails(t, "whose cache is closed", larder.ErrClosed)
		wantErr(t, "a batch whose cache is closed", <-batch, larder.ErrClosed)
		if joins.took > time.Second {
			t.Errorf("it took %v", joins.took)
		}
		time.Sleep(time.Minute)
	})
}

// TestCloseGivesLeasesBack: what was abandoned shortly before.
func TestCloseGivesLeasesBack(t *testing.T) {
	processTest(t, func(t *testing.T, c *common, a, _ process) {
		ctx, cancel := context.WithCancel(t.Context())
		var loads atomic.Int64
		first := ask(ctx, ints(a), slow(1, &loads))
		gate := a.faulty.Block(drivertest.OpRelease)
		cancel()
		<-first.done
		closed := make(chan error)
		go func() { closed <- a.Close() }()
		synctest.Wait()
		gate.Release()
		ok(t, <-closed)
		if n := c.leases(); n > 0 {
			t.Errorf("%d leases are left", n)
		}
	})
}

// TestCloseDoesNotWaitForAFrozenEngine, or not for long.
func TestCloseDoesNotWaitForAFrozenEngine(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, _ process) {
		ctx, cancel := context.WithCancel(t.Context())
		var loads atomic.Int64
		first := ask(ctx, ints(a), slow(1, &loads))
		a.faulty.Block(drivertest.OpRelease)
		cancel()
		<-first.done
		from := time.Now()
		ok(t, a.Close())
		if took := time.Since(from); took > time.Second {
			t.Errorf("Close takes %v", took)
		}
		time.Sleep(leaseTime)
	})
}

// TestCloseOfALoadingProcess: its load ends without storing, and the other does not wait longer than the lease lasts.
func TestCloseOfALoadingProcess(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		loading := ask(t.Context(), ints(a), lasting(time.Minute, 1, &loads))
		ok(t, a.Close())
		ask(t.Context(), ints(b), lasting(time.Second, 7, &loads)).gives(t, "the other", 7, leaseTime+time.Second)
		loading.gives(t, "the closed one", 1, time.Minute)
		want(t, ints(b), "k", 7)
	})
}

// TestEngineFaults: whatever the engine fails to do, callers get their values.
func TestEngineFaults(t *testing.T) {
	unplugged := errors.New("unplugged")
	for _, op := range []drivertest.Op{drivertest.OpAcquire, drivertest.OpFill, drivertest.OpRelease, drivertest.OpRenew, drivertest.OpAwait} {
		for name, fail := range map[string]func(*drivertest.Faulty){
			"Fails":       func(f *drivertest.Faulty) { f.Fail(op, unplugged) },
			"FailsOnce":   func(f *drivertest.Faulty) { f.FailTimes(op, 1, unplugged) },
			"LosesReply":  func(f *drivertest.Faulty) { f.LoseReply(op, unplugged) },
			"Unsupported": func(f *drivertest.Faulty) { f.Fail(op, errors.ErrUnsupported) },
		} {
			t.Run(fmt.Sprint(op, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := newCommon(t)
					a, b := c.open(t), c.open(t)
					fail(a.faulty)
					wantAnswers(t, a, b)
				})
			})
		}
	}
}

// wantAnswers runs loads that end in all ways, in two processes of which one has a fault.
func wantAnswers(t *testing.T, a, b process) {
	t.Helper()
	var loads atomic.Int64
	for key, load := range map[string]func(context.Context) (int, error){
		"good": lasting(time.Second, 7, &loads), "not found": fails[int](larder.ErrNotFound), "bad": fails[int](errOrigin),
	} {
		var calls []*call
		for _, p := range []process{a, a, b, b} {
			calls = append(calls, askFor(t.Context(), ints(p), key, load))
		}
		for i, c := range calls {
			<-c.done
			good := c.err == nil && c.val == 7 || key == "bad" && errors.Is(c.err, errOrigin) || key == "not found" && errors.Is(c.err, larder.ErrNotFound)
			if !good || c.took > leaseTime+3*time.Second {
				t.Errorf("%s, caller %d: %d, %v after %v", key, i, c.val, c.err, c.took)
			}
		}
	}
	if n := loads.Load(); n > 3 {
		t.Errorf("%d loads by 4 callers", n)
	}
}

// TestFailingAwaitIsNoStampede: an engine that fails to tell when to go on, but lives, is asked; no other process loads.
func TestFailingAwaitIsNoStampede(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		b.faulty.Fail(drivertest.OpAwait, errors.New("unplugged"))
		ask(t.Context(), ints(a), lasting(9950*time.Millisecond, 1, &loads))
		ask(t.Context(), ints(b), never[int](t)).gives(t, "the other", 1, 10*time.Second)
		if n := b.faulty.Count(drivertest.OpAwait); n > 200 {
			t.Errorf("in 10 seconds it asked %d times", n)
		}
	})
}

// TestFillThatFails gives the lease back: other processes do not wait for nothing.
func TestFillThatFails(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		a.faulty.Fail(drivertest.OpFill, errors.New("unplugged"))
		first := ask(t.Context(), ints(a), lasting(time.Second, 1, &loads))
		ask(t.Context(), ints(b), lasting(time.Second, 2, &loads)).gives(t, "the other", 2, 2*time.Second)
		first.gives(t, "the one that cannot store", 1, time.Second)
		want(t, ints(b), "k", 2)
	})
}

// TestLeaderTimesOutWhileFilling gives the lease back too.
func TestLeaderTimesOutWhileFilling(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		a.faulty.Block(drivertest.OpFill)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		first := ask(ctx, ints(a), lasting(time.Second, 1, &loads))
		ask(t.Context(), ints(b), lasting(time.Second, 2, &loads)).gives(t, "the other", 2, 3*time.Second)
		first.gives(t, "the one that cannot store", 1, 2*time.Second)
	})
}

// TestDecliningEngine: one without leases is used as any other.
func TestDecliningEngine(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, _ process) {
		a.faulty.Fail(drivertest.OpAcquire, errors.ErrUnsupported)
		said(t, "GetOrSet", 1)(ints(a).GetOrSet(t.Context(), "k", larder.Value(1)))
		want(t, ints(a), "k", 1)
	})
}

// TestUndecodableOfTwoProcesses: what does not decode is replaced, unless somebody else has come before.
func TestUndecodableOfTwoProcesses(t *testing.T) {
	foreign := func(t *testing.T, c *common) *leased {
		p := c.process()
		t.Cleanup(func() { _ = p.Close() })
		ok(t, p.Set(t.Context(), "::k", []byte("not JSON"), 0))
		return p
	}
	var loads atomic.Int64
	t.Run("Replaced", func(t *testing.T) {
		processTest(t, func(t *testing.T, c *common, a, b process) {
			foreign(t, c)
			ask(t.Context(), ints(a), lasting(time.Second, 1, &loads)).gives(t, "a", 1, time.Second)
			want(t, ints(b), "k", 1)
		})
	})
	t.Run("Deleted", func(t *testing.T) {
		processTest(t, func(t *testing.T, c *common, a, b process) {
			foreign(t, c)
			first := ask(t.Context(), ints(a), lasting(time.Second, 1, &loads))
			said(t, "Delete", true)(ints(b).Delete(t.Context(), "k"))
			late := ask(t.Context(), ints(a), lasting(time.Second, 2, &loads))
			first.gives(t, "who asked before the Delete", 1, time.Second)
			wantMiss(t, ints(b), "k")
			late.gives(t, "who asked after it", 2, 2*time.Second)
		})
	})
	t.Run("Set", func(t *testing.T) {
		processTest(t, func(t *testing.T, c *common, a, b process) {
			foreign(t, c)
			first := ask(t.Context(), ints(a), lasting(time.Second, 1, &loads))
			ok(t, ints(b).Set(t.Context(), "k", 3))
			first.gives(t, "who finds that", 3, time.Second)
			want(t, ints(b), "k", 3)
		})
	})
}

// TestTooLargeForTheEngine: the value comes with the error, and the lease is given back.
func TestTooLargeForTheEngine(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		a.faulty.Intercept(drivertest.OpFill, func(_ context.Context, c drivertest.Call) error {
			return driver.KeyErrors{c.Keys[0]: larder.ErrTooLarge}
		})
		var loads atomic.Int64
		first := ask(t.Context(), ints(a), lasting(time.Second, 1, &loads))
		ask(t.Context(), ints(b), larder.Value(2)).gives(t, "the other", 2, time.Second)
		<-first.done
		wantErr(t, "GetOrSet", first.err, larder.ErrTooLarge)
		if first.val != 1 || strings.Count(first.err.Error(), "::k") != 0 {
			t.Errorf("%d, %v", first.val, first.err)
		}
	})
}
