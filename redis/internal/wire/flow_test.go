package wire

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// fill takes all the room.
func fill(t *testing.T) *Flow {
	t.Helper()
	f := NewFlow()
	for range inFlight {
		if err := f.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func wantFull(t *testing.T, f *Flow) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := f.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v; want no room", err)
	}
}

func TestFlowIsBounded(t *testing.T) {
	f := fill(t)
	wantFull(t, f)
	f.Leave()
	if err := f.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantFull(t, f)
}

// TestFlowCountsTheAbandoned: their commands are still in the queue.
func TestFlowCountsTheAbandoned(t *testing.T) {
	f := fill(t)
	for range inFlight {
		f.Abandon()
		f.Leave()
	}
	wantFull(t, f)
	f.answered(3)
	for range 3 {
		if err := f.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	wantFull(t, f)
	f.forget()
	if err := f.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestFlowWakes: nobody waits who need not.
func TestFlowWakes(t *testing.T) {
	f := NewFlow()
	var all sync.WaitGroup
	for range 4 * inFlight {
		all.Go(func() {
			for range 20 {
				if err := f.Enter(t.Context()); err != nil {
					t.Error(err)
					return
				}
				f.Leave()
			}
		})
	}
	all.Wait()
	if n := f.active.Load(); n != 0 {
		t.Errorf("%d are left", n)
	}
}
