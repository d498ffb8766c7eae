package redis

import (
	"context"
	"sync/atomic"
)

// inFlight is how many calls rueidis is given at a time. It has room for 1024 on a connection, and one more waits for room
// whatever becomes of its context.
const inFlight = 1000

// flow counts the calls that rueidis has been given. A call whose caller has left is still in there until it is answered, or its
// connection is given up.
type flow struct {
	active    atomic.Int64
	abandoned atomic.Int64
	waiting   atomic.Int64
	room      chan struct{}
}

func newFlow() *flow { return &flow{room: make(chan struct{}, inFlight)} }

// enter waits for room.
func (f *flow) enter(ctx context.Context) error {
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

func (f *flow) tryEnter() bool {
	if f.active.Add(1)+f.abandoned.Load() <= inFlight {
		return true
	}
	f.leave()
	return false
}

// leave makes room.
func (f *flow) leave() {
	f.active.Add(-1)
	if f.waiting.Load() > 0 {
		f.wake()
	}
}

func (f *flow) wake() {
	select {
	case f.room <- struct{}{}:
	default:
	}
}

// abandon notes a call whose caller has left.
func (f *flow) abandon() { f.abandoned.Add(1) }

// forget notes that what was abandoned is over: servers answer in turn, so that an answer says that what was asked before has been
// answered too; and a connection that is lost has no answers any more.
func (f *flow) forget() {
	if f.abandoned.Load() == 0 {
		return
	}
	f.abandoned.Store(0)
	for range f.waiting.Load() {
		f.wake()
	}
}
