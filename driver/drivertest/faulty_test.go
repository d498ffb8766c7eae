package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
)

var errUnplugged = errors.New("unplugged")

// TestFaultyWithoutFaults: as long as nobody asks for a fault, a Faulty is the store below, with all that it has.
func TestFaultyWithoutFaults(t *testing.T) {
	h := referenceHarness()
	h.VirtualTime, h.MayAllocate = true, true
	h.Open = func(*testing.T) driver.Store { return drivertest.NewFaulty(newReference()).Live() }
	drivertest.Run(t, h)
}

// plain is a store of four methods.
type plain struct{ driver.Store }

// TestFaultyDeclines: what the store below lacks is declined, and the rest works.
func TestFaultyDeclines(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{
		Open:         func(*testing.T) driver.Store { return drivertest.NewFaulty(plain{newReference()}).Live() },
		VirtualTime:  true,
		Capabilities: []drivertest.Capability{drivertest.Named, drivertest.Unwrapper},
		Declines: []drivertest.Capability{drivertest.Batcher, drivertest.Adder, drivertest.Toucher, drivertest.Counter,
			drivertest.Swapper, drivertest.Scanner, drivertest.Clearer, drivertest.PrefixClearer, drivertest.Inspector, drivertest.Pinger, drivertest.Reporter,
			drivertest.Advisor,
			drivertest.Timed, drivertest.Watcher, drivertest.Leaser, drivertest.Notifier, drivertest.Collector},
	})
}

func TestFaultyHidesLive(t *testing.T) {
	f := drivertest.NewFaulty(newReference())
	if _, ok := any(f).(driver.Live); ok {
		t.Error("a Faulty has live values")
	}
	if _, ok := f.Live().(driver.Live); !ok {
		t.Error("Live hides live values")
	}
	if f.Live().(driver.Batcher) == nil || f.Inner() == nil {
		t.Error("Live hides other interfaces")
	}
}

func TestFaultyFail(t *testing.T) {
	ctx := t.Context()
	f := drivertest.NewFaulty(newReference())
	f.Fail(drivertest.OpSet, errUnplugged)
	if err := f.Set(ctx, "a", []byte("1"), 0); !errors.Is(err, errUnplugged) {
		t.Errorf("Set: %v", err)
	}
	if _, err := f.Get(ctx, "a"); !errors.Is(err, driver.ErrMiss) {
		t.Errorf("the store has seen a Set that failed: %v", err)
	}
	f.Heal(drivertest.OpSet)
	if err := f.Set(ctx, "a", []byte("1"), 0); err != nil {
		t.Errorf("Set after Heal: %v", err)
	}
	if n := f.Count(drivertest.OpSet); n != 2 {
		t.Errorf("counted %d calls of Set; want 2", n)
	}
	if n := f.Count(); n != 3 {
		t.Errorf("counted %d calls; want 3", n)
	}
	f.ResetCounts()
	if n := f.Count(); n != 0 {
		t.Errorf("counted %d calls after ResetCounts", n)
	}
}

// TestFaultyEveryOp: every method has its hook.
func TestFaultyEveryOp(t *testing.T) {
	f := drivertest.NewFaulty(newReference())
	for _, op := range drivertest.AllOps() {
		f.Fail(op, fmt.Errorf("no %s: %w", op, errUnplugged))
	}
	var seen []drivertest.Op
	f.Observe(func(c drivertest.Call) { seen = append(seen, c.Op) })
	for i, err := range callAll(t.Context(), f.Live()) {
		if !errors.Is(err, errUnplugged) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	for _, op := range drivertest.AllOps() {
		if f.Count(op) != 1 || !slices.Contains(seen, op) {
			t.Errorf("%s: counted %d, seen in %v", op, f.Count(op), seen)
		}
	}
}

// callAll calls each method once.
func callAll(ctx context.Context, s driver.Store) []error {
	r := s.(interface {
		driver.Batcher
		driver.Adder
		driver.Toucher
		driver.Counter
		driver.Swapper
		driver.Scanner
		driver.Clearer
		driver.Inspector
		driver.Pinger
		driver.Reporter
		driver.Advisor
		driver.Timed
		driver.Watcher
		driver.Leaser
		driver.Notifier
		driver.Collector
		driver.Live
	})
	var errs []error
	add := func(_ any, err error) { errs = append(errs, err) }
	add(s.Get(ctx, "k"))
	add(nil, s.Set(ctx, "k", nil, 0))
	add(s.Delete(ctx, "k"))
	add(r.GetMany(ctx, nil))
	add(nil, r.SetMany(ctx, []driver.Item{{Key: "k"}}, 0))
	add(r.DeleteMany(ctx, nil))
	add(r.Add(ctx, "k", nil, 0))
	add(r.Touch(ctx, "k", 0))
	add(r.Incr(ctx, "k", 1, 0))
	add(r.IncrFloat(ctx, "k", 1, 0))
	_, _, err := r.GetVersion(ctx, "k")
	add(nil, err)
	add(r.Swap(ctx, "k", nil, nil, 0))
	for k, err := range r.Scan(ctx, "") {
		add(k, err)
	}
	add(r.Clear(ctx, "k"))
	add(r.ClearAll(ctx))
	add(r.Inspect(ctx, nil))
	add(r.Ping(ctx))
	add(r.Report(ctx))
	add(r.Advise(ctx))
	add(r.Acquire(ctx, []string{"k"}, time.Second))
	add(r.Renew(ctx, "k", "", time.Second))
	add(r.Fill(ctx, nil, 0))
	add(r.Release(ctx, "k", ""))
	add(nil, r.Await(ctx, "k"))
	add(r.GetTimed(ctx, nil))
	add(r.Watch(ctx, "", func(driver.Event) {}))
	add(nil, r.SetNotify(ctx, "k", nil, 0))
	add(r.SwapNotify(ctx, "k", nil, nil, 0))
	add(r.Subscribe(ctx, []string{"k"}, func(driver.Message) {}))
	add(r.Collect(ctx, driver.Collection{Members: "k"}, 0, nil, 0))
	add(r.Members(ctx, driver.Collection{Members: "k"}))
	add(nil, r.Drop(ctx, driver.Collection{Members: "k"}))
	add(r.GetLive("", "k"))
	add(nil, r.SetLive("", "k", driver.Bytes(""), 0))
	add(r.AddLive("", "k", driver.Bytes(""), 0))
	add(r.SwapLive("", "k", nil, nil, 0))
	add(nil, s.Close())
	return errs
}

func TestFaultyFailTimesAndKey(t *testing.T) {
	ctx := t.Context()
	f := drivertest.NewFaulty(newReference())
	f.FailTimes(drivertest.OpDelete, 2, errUnplugged)
	for i := range 4 {
		if _, err := f.Delete(ctx, "a"); errors.Is(err, errUnplugged) != (i < 2) {
			t.Errorf("Delete %d: %v", i, err)
		}
	}
	f.FailKey(drivertest.OpGetMany, "bad", errUnplugged)
	if _, err := f.GetMany(ctx, []string{"good", "bad"}); !errors.Is(err, errUnplugged) {
		t.Errorf("GetMany with the bad key: %v", err)
	}
	if _, err := f.GetMany(ctx, []string{"good"}); err != nil {
		t.Errorf("GetMany without it: %v", err)
	}
}

func TestFaultyLoseReply(t *testing.T) {
	ctx := t.Context()
	f := drivertest.NewFaulty(newReference())
	f.LoseReply(drivertest.OpIncr, errUnplugged)
	if n, err := f.Incr(ctx, "n", 1, 0); n != 0 || !errors.Is(err, errUnplugged) {
		t.Errorf("Incr = %d, %v", n, err)
	}
	if got, err := f.Get(ctx, "n"); string(got) != "1" {
		t.Errorf("a call whose reply was lost has not been done: %q, %v", got, err)
	}
}

func TestFaultyBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		f := drivertest.NewFaulty(newReference())
		gate := f.Block(drivertest.OpGet)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := f.Get(ctx, "a"); err != nil {
					t.Errorf("Get: %v", err)
				}
			})
		}
		for range 3 {
			c, err := gate.Wait(ctx)
			if err != nil || c.Op != drivertest.OpGet || !slices.Equal(c.Keys, []string{"a"}) {
				t.Errorf("Wait = %v, %v", c, err)
			}
		}
		// They stand before the store: what is set now is what they read.
		if err := f.Set(ctx, "a", []byte("1"), 0); err != nil {
			t.Fatal(err)
		}
		gate.Release()
		gate.Release()
		wg.Wait()
		if _, err := f.Get(ctx, "a"); err != nil {
			t.Errorf("Get after Release: %v", err)
		}
	})
}

func TestGateStepsAndEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := drivertest.NewFaulty(newReference())
		gate := f.BlockKey(drivertest.OpSet, "a")
		if err := f.Set(t.Context(), "other", nil, 0); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 2)
		for range 2 {
			go func() { done <- f.Set(t.Context(), "a", nil, 0) }()
		}
		gate.Step()
		if err := <-done; err != nil {
			t.Errorf("the call that was let through: %v", err)
		}
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("one step let two calls through: %v", err)
		default:
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Set(ctx, "a", nil, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call at the gate whose context ends: %v", err)
		}
		f.Heal()
		if err := <-done; err != nil {
			t.Errorf("Heal opens the gate: %v", err)
		}
		for range 3 {
			if _, err := gate.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := gate.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait for a call that never comes: %v", err)
		}
	})
}
