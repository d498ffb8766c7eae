package larder_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver/drivertest"
)

// TestForeignWriteDuringALoad: a load does not undo what another process does meanwhile. Who asked before gets what was
// loaded, or better; who asks after does not.
func TestForeignWriteDuringALoad(t *testing.T) {
	type writes struct {
		name  string
		write func(t *testing.T, v *larder.View[int])
		left  int // what is there then; 0: nothing
	}
	for _, w := range []writes{
		{"Delete", func(t *testing.T, v *larder.View[int]) { said(t, "Delete", false)(v.Delete(t.Context(), "k")) }, 0},
		{"Set", func(t *testing.T, v *larder.View[int]) { ok(t, v.Set(t.Context(), "k", 5)) }, 5},
		{"Add", func(t *testing.T, v *larder.View[int]) { said(t, "Add", true)(v.Add(t.Context(), "k", 5)) }, 5},
		{"Incr", func(t *testing.T, v *larder.View[int]) { said(t, "Incr", int64(5))(v.Incr(t.Context(), "k", 5)) }, 5},
		{"SetAndDelete", func(t *testing.T, v *larder.View[int]) {
			ok(t, v.Set(t.Context(), "k", 5))
			said(t, "Delete", true)(v.Delete(t.Context(), "k"))
		}, 0},
		{"SetThatExpires", func(t *testing.T, v *larder.View[int]) {
			ok(t, v.Set(t.Context(), "k", 5, larder.TTL(time.Millisecond)))
			time.Sleep(time.Millisecond)
		}, 0},
		{"Clear", func(t *testing.T, v *larder.View[int]) { _, err := v.Clear(t.Context()); ok(t, err) }, 0},
		{"DeleteMany", func(t *testing.T, v *larder.View[int]) {
			_, err := v.DeleteMany(t.Context(), []string{"k"})
			ok(t, err)
		}, 0},
	} {
		t.Run(w.name, func(t *testing.T) {
			processTest(t, func(t *testing.T, _ *common, a, b process) {
				var loads atomic.Int64
				leader := ask(t.Context(), ints(a), lasting(2*time.Second, 1, &loads))
				before := ask(t.Context(), ints(a), lasting(2*time.Second, 2, &loads))
				w.write(t, ints(b))
				after := ask(t.Context(), ints(a), lasting(2*time.Second, 2, &loads))
				<-leader.done
				<-before.done
				<-after.done
				if w.left != 0 {
					for _, c := range []*call{leader, before, after} {
						if c.val != w.left {
							t.Errorf("a caller gets %d, %v; %d was there", c.val, c.err, w.left)
						}
					}
					want(t, ints(b), "k", w.left)
					return
				}
				if leader.val != 1 || before.err != nil || after.val != 2 {
					t.Errorf("the loader gets %d, who asked before %d, who asked after %d", leader.val, before.val, after.val)
				}
				want(t, ints(b), "k", 2)
				wantLoads(t, &loads, 2)
			})
		})
	}
}

// TestForeignDeleteLeavesNothing: without anybody who asks again, nothing is stored.
func TestForeignDeleteLeavesNothing(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		leader := ask(t.Context(), ints(a), lasting(time.Second, 1, &loads))
		said(t, "Delete", false)(ints(b).Delete(t.Context(), "k"))
		leader.gives(t, "the loader", 1, time.Second)
		wantMiss(t, ints(b), "k")
	})
}

// TestForeignDeleteDuringABatch: only the key that was deleted is not stored.
func TestForeignDeleteDuringABatch(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			said(t, "GetOrSetMany", map[string]int{"x": 1, "y": 1})(ints(a).GetOrSetMany(t.Context(), []string{"x", "y"},
				func(ctx context.Context, keys []string) (map[string]int, error) {
					time.Sleep(time.Second)
					return ones(ctx, keys)
				}))
		}()
		synctest.Wait()
		said(t, "Delete", false)(ints(b).Delete(t.Context(), "x"))
		<-done
		wantMiss(t, ints(b), "x")
		want(t, ints(b), "y", 1)
	})
}

// TestStaleErrorsAreNotShared: an error, too, is of the time before the write.
func TestStaleErrorsAreNotShared(t *testing.T) {
	for name, load := range map[string]func() (int, error){
		"error":    func() (int, error) { return 0, errOrigin },
		"notFound": func() (int, error) { return 0, larder.ErrNotFound },
		"panic":    func() (int, error) { panic("the loader's") },
	} {
		t.Run(name, func(t *testing.T) {
			processTest(t, func(t *testing.T, _ *common, a, b process) {
				ask(t.Context(), ints(a), func(context.Context) (int, error) { time.Sleep(time.Second); return load() })
				said(t, "Delete", false)(ints(b).Delete(t.Context(), "k"))
				ask(t.Context(), ints(a), larder.Value(2)).gives(t, "who asks after the Delete", 2, time.Second)
			})
		})
	}
}

// TestErrorsAreShared: without a write all who wait get the error of one load.
func TestErrorsAreShared(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, _ process) {
		var loads atomic.Int64
		load := func(context.Context) (int, error) { loads.Add(1); time.Sleep(time.Second); return 0, errOrigin }
		var calls []*call
		for range 10 {
			calls = append(calls, ask(t.Context(), ints(a), load))
		}
		for _, c := range calls {
			c.fails(t, "GetOrSet", errOrigin)
		}
		wantLoads(t, &loads, 1)
	})
}

// TestOwnDeleteOnALeasedStore: as on any engine.
func TestOwnDeleteOnALeasedStore(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, _ process) {
		var loads atomic.Int64
		leader := ask(t.Context(), ints(a), lasting(2*time.Second, 1, &loads))
		said(t, "Delete", false)(ints(a).Delete(t.Context(), "k"))
		after := ask(t.Context(), ints(a), lasting(2*time.Second, 2, &loads))
		leader.gives(t, "the loader", 1, 2*time.Second)
		after.gives(t, "who asks after the Delete", 2, 2*time.Second)
		want(t, ints(a), "k", 2)
	})
}

// TestNobodyJoinsWhatIsStored: a Delete by another process between the store and the end of a load.
func TestNobodyJoinsWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCommon(t)
		gate := make(chan struct{})
		store := c.process()
		store.afterFill = func() { <-gate }
		f := drivertest.NewFaulty(store)
		cache, err := larder.New(f, quiet())
		ok(t, err)
		t.Cleanup(func() { _ = cache.Close() })
		a, b := process{cache, f}, c.open(t)
		leader := ask(t.Context(), ints(a), larder.Value(1))
		want(t, ints(b), "k", 1) // it is stored, and the load has not ended
		said(t, "Delete", true)(ints(b).Delete(t.Context(), "k"))
		after := ask(t.Context(), ints(a), larder.Value(2))
		close(gate)
		leader.gives(t, "the loader", 1, 0)
		after.gives(t, "who asks after the Delete", 2, 0)
	})
}

// TestNobodyJoinsWhatIsReplaced: the same with an entry in the place of one that does not decode.
func TestNobodyJoinsWhatIsReplaced(t *testing.T) {
	processTest(t, func(t *testing.T, c *common, a, b process) {
		ok(t, larder.Of[string](b.Cache, "").Set(t.Context(), "k", "no number"))
		gate := make(chan struct{})
		a.faulty.Intercept(drivertest.OpSwap, func(ctx context.Context, _ drivertest.Call) error {
			p := c.process()
			defer func() { _ = p.Close() }()
			_, v, err := p.GetVersion(ctx, "::k")
			ok(t, err)
			_, err = p.Swap(ctx, "::k", v, []byte("1"), 0)
			ok(t, err)
			<-gate
			return errors.New("the reply is lost")
		})
		leader := ask(t.Context(), ints(a), larder.Value(1))
		said(t, "Delete", true)(ints(b).Delete(t.Context(), "k"))
		after := ask(t.Context(), ints(a), larder.Value(2))
		close(gate)
		leader.gives(t, "the loader", 1, 0)
		after.gives(t, "who asks after the Delete", 2, 0)
	})
}

// TestImpatientLoadIsNotStored: what is loaded without a lease, because another process's took too long, undoes nothing.
func TestImpatientLoadIsNotStored(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		first := ask(t.Context(), ints(a), lasting(10*time.Second, 1, &loads))
		nested := askFor(t.Context(), ints(b), "outer", func(ctx context.Context) (int, error) {
			return ints(b).GetOrSet(ctx, "k", lasting(time.Second, 2, &loads))
		})
		time.Sleep(leaseTime + time.Second/2)
		said(t, "Delete", false)(ints(a).Delete(t.Context(), "k"))
		nested.gives(t, "the nested one", 2, leaseTime+time.Second)
		wantMiss(t, ints(b), "k")
		first.gives(t, "the slow one", 1, 10*time.Second)
		wantMiss(t, ints(b), "k")
	})
}

// TestUnknownEndIsNotShared: a leader that cannot ask whether its lease was good gives its value to those who asked before.
func TestUnknownEndIsNotShared(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		leader := ask(t.Context(), ints(a), lasting(time.Second, 1, &loads))
		said(t, "Delete", false)(ints(b).Delete(t.Context(), "k"))
		after := ask(t.Context(), ints(a), lasting(time.Second, 2, &loads))
		for _, op := range []drivertest.Op{drivertest.OpFill, drivertest.OpRelease} {
			a.faulty.FailTimes(op, 1, errors.New("unplugged"))
		}
		leader.gives(t, "the loader", 1, time.Second)
		after.gives(t, "who asks after the Delete", 2, 2*time.Second)
	})
}

// TestKeyThatIsDeletedAllTheTime: every caller is served by the load that is under way when he asks, or by the next one.
func TestKeyThatIsDeletedAllTheTime(t *testing.T) {
	for name, deleter := range map[string]int{"by the other": 1, "by this one": 0} {
		t.Run(name, func(t *testing.T) {
			processTest(t, func(t *testing.T, _ *common, a, b process) {
				ctx, cancel := context.WithCancel(t.Context())
				var deletes, callers sync.WaitGroup
				deletes.Go(func() {
					for ctx.Err() == nil {
						_, _ = ints([]process{a, b}[deleter]).Delete(t.Context(), "k")
						time.Sleep(300 * time.Millisecond)
					}
				})
				var loads, worst atomic.Int64
				for i := range 1000 {
					callers.Go(func() {
						time.Sleep(time.Duration(i) * 10 * time.Millisecond)
						from := time.Now()
						said(t, "GetOrSet", 1)(ints(a).GetOrSet(t.Context(), "k", lasting(time.Second, 1, &loads)))
						if took := int64(time.Since(from)); took > worst.Load() {
							worst.Store(took)
						}
					})
				}
				callers.Wait()
				cancel()
				deletes.Wait()
				// A load that begins in the middle of this process's Delete is void and still has the lease, so that
				// the next one waits for it.
				if took := time.Duration(worst.Load()); took > 2*time.Second && (deleter == 1 || took > 3*time.Second) {
					t.Errorf("somebody waited for %v", took)
				}
				// Deletes of this process begin a load of their own for those who come after; the other's do not.
				if n := loads.Load(); n > 11 && deleter == 1 || n > 40 {
					t.Errorf("%d loads in 11 seconds", n)
				}
			})
		})
	}
}

// TestWaitersOfADeletedEntry: many that wait for another process are served by what it has loaded, also if that is deleted at
// once.
func TestWaitersOfADeletedEntry(t *testing.T) {
	processTest(t, func(t *testing.T, _ *common, a, b process) {
		var loads atomic.Int64
		ask(t.Context(), ints(a), lasting(time.Second, 1, &loads))
		var calls []*call
		for range 100 {
			calls = append(calls, ask(t.Context(), ints(b), lasting(time.Second, 2, &loads)))
		}
		b.faulty.Observe(func(c drivertest.Call) {
			if c.Op == drivertest.OpGet && loads.Load() > 0 {
				_, _ = a.faulty.Inner().Delete(context.Background(), "::k") // before anybody reads
			}
		})
		for _, c := range calls {
			c.gives(t, "who waits for the other", 1, time.Second)
		}
		wantLoads(t, &loads, 1)
	})
}

// TestLinearizableOverProcesses: two caches on one engine with leases, which know nothing of each other's loads.
func TestLinearizableOverProcesses(t *testing.T) {
	for _, slow := range []bool{false, true} {
		t.Run(fmt.Sprint("slow=", slow), func(t *testing.T) {
			c := newCommon(t)
			a, b := c.open(t), c.open(t)
			for _, p := range []process{a, b} {
				for _, op := range drivertest.AllOps() {
					if slow && op != drivertest.OpClose {
						p.faulty.Intercept(op, func(context.Context, drivertest.Call) error {
							for range rand.IntN(4) {
								runtime.Gosched()
							}
							return nil
						})
					}
				}
			}
			checkHistories(t, linearRounds, ints(a), ints(b))
		})
	}
}

// TestLinearizableWithFaults: what was loaded may not be stored then, but no write is undone.
func TestLinearizableWithFaults(t *testing.T) {
	c := newCommon(t)
	a, b := c.open(t), c.open(t)
	unplugged := errors.New("unplugged")
	for _, p := range []process{a, b} {
		for _, op := range []drivertest.Op{drivertest.OpAcquire, drivertest.OpFill, drivertest.OpRelease, drivertest.OpAwait} {
			p.faulty.Intercept(op, func(context.Context, drivertest.Call) error {
				if rand.IntN(4) == 0 {
					return unplugged
				}
				return nil
			})
		}
	}
	checkLossy(t, linearRounds, true, ints(a), ints(b))
}
