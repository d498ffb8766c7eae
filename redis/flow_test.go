package redis

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// fill takes all the room.
func fill(t *testing.T) *flow {
	t.Helper()
	f := newFlow()
	for range inFlight {
		if err := f.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func wantFull(t *testing.T, f *flow) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := f.enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v; want no room", err)
	}
}

func TestFlowIsBounded(t *testing.T) {
	f := fill(t)
	wantFull(t, f)
	f.leave()
	if err := f.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantFull(t, f)
}

// TestFlowCountsTheAbandoned: their commands are still in the queue.
func TestFlowCountsTheAbandoned(t *testing.T) {
	f := fill(t)
	for range inFlight {
		f.abandon()
		f.leave()
	}
	wantFull(t, f)
	f.answered(3)
	for range 3 {
		if err := f.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	wantFull(t, f)
	f.forget()
	if err := f.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestFlowWakes: nobody waits who need not.
func TestFlowWakes(t *testing.T) {
	f := newFlow()
	var all sync.WaitGroup
	for range 4 * inFlight {
		all.Go(func() {
			for range 20 {
				if err := f.enter(t.Context()); err != nil {
					t.Error(err)
					return
				}
				f.leave()
			}
		})
	}
	all.Wait()
	if n := f.active.Load(); n != 0 {
		t.Errorf("%d are left", n)
	}
}
