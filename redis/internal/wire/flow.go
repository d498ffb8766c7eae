package wire

import (
	"context"
	"math"
	"sync/atomic"
)

// inFlight is how many calls rueidis is given at a time. It has room for 1024 on a connection, and one more waits for room
// whatever becomes of its context.
const inFlight = 1000

// Flow counts the calls that rueidis has been given. A call whose caller has left is still in there until it is answered, or its
// connection is given up.
type Flow struct {
	active    atomic.Int64
	abandoned atomic.Int64
	waiting   atomic.Int64
	room      chan struct{}
	alone     atomic.Int32 // connections that carry one call at a time
}

// NewFlow makes a flow for the connections of one client.
func NewFlow() *Flow { return &Flow{room: make(chan struct{}, inFlight)} }

// Enter waits for room.
func (f *Flow) Enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.tryEnter() {
		return nil
	}
	f.waiting.Add(1)
	defer f.waiting.Add(-1)
	for !f.tryEnter() { // again, because room may have been made before anybody was seen waiting
		select {
		case <-f.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// tryEnter never takes room, not for a moment, that it does not keep: somebody else would wait for it in vain.
func (f *Flow) tryEnter() bool {
	for {
		n := f.active.Load()
		if n+f.abandoned.Load() >= inFlight {
			return false
		}
		if f.active.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Leave makes room.
func (f *Flow) Leave() {
	f.active.Add(-1)
	f.wake(1)
}

// wake lets so many of those who wait look again.
func (f *Flow) wake(n int64) {
	for range min(n, f.waiting.Load()) {
		select {
		case f.room <- struct{}{}:
		default:
			return
		}
	}
}

// Abandon notes a call whose caller has left.
func (f *Flow) Abandon() { f.abandoned.Add(1) }

// answered notes that so many answers have come. They come in the order of the calls, and who has left called before those who
// are still there.
func (f *Flow) answered(n int64) {
	for {
		old := f.abandoned.Load()
		if old == 0 {
			return
		}
		if f.abandoned.CompareAndSwap(old, max(old-n, 0)) {
			f.wake(n)
			return
		}
	}
}

// Alone tells whether rueidis waits for an answer on its caller's goroutine, where it sees the connection's deadline and nothing else.
func (f *Flow) Alone() bool { return f.alone.Load() > 0 }

// forget notes that no answer is due any more: all have come, or the connection is lost.
func (f *Flow) forget() { f.answered(math.MaxInt64) }
