package larder

import (
	"context"
	"errors"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/flight"
)

// leader is the load of one key that a call leads. It has to be ended, once: by finish, fail or panicked.
type leader struct {
	f        *flight.Flight
	key      string
	ended    bool
	replaces driver.Value // what is there and may be stored over, because it does not decode; nil: nothing
}

func (l *leader) finish(r flight.Result) {
	l.ended = true
	l.f.Finish(r)
}

// fail ends a load that gave an error. If that was because the leader's context has ended, the next waiter leads, and
// the load counts as abandoned.
func (l *leader) fail(ctx context.Context, err error) (abandoned bool) {
	if ctx.Err() == nil {
		l.finish(flight.Result{Err: err})
		return false
	}
	l.ended = true
	l.f.Abandon()
	return true
}

// errPanicked is what the waiters get when a loader panics.
var errPanicked = errors.New("the loader panicked")

// panicked ends what nothing else has ended. It is to be deferred.
func (l *leader) panicked(fail func(op, key string, err error) error) {
	if !l.ended {
		l.finish(flight.Result{Err: fail("get-or-set", l.key, errPanicked)})
	}
}

// lookAgain is the second look-up, by the leader. Without it this schedule loads twice:
//
//	A: reads, misses      B: reads, misses
//	A: leads, loads, stores, finishes
//	                      B: finds no flight, leads, loads again
//
// If there is an entry now, the load is over, and its waiters look for themselves. It does not count as hit or miss; a fault is a reason to
// load.
func (v *View[V]) lookAgain(ctx context.Context, l *leader, prefix string) (val V, ok bool) {
	kept, data, err := v.cache.engine.read(ctx, prefix, l.key)
	if err != nil {
		return val, false
	}
	if kept == nil {
		kept = driver.Bytes(data)
	}
	return v.seen(l, kept)
}

// seen takes note of what the second look-up has found.
func (v *View[V]) seen(l *leader, kept driver.Value) (val V, ok bool) {
	val, err := v.kind.take(kept)
	if err != nil {
		l.replaces = kept
		return val, false
	}
	l.ended = true
	l.f.Retry()
	return val, true
}

// land stores a loaded value, unless a write has voided the load, and ends the load with what its callers get. The error
// comes together with the value, and is not wrapped yet.
func (v *View[V]) land(ctx context.Context, l *leader, call call, loaded V) (V, error) {
	held, err := v.kind.hold(loaded)
	if err != nil {
		l.finish(flight.Result{Err: v.cache.wrap("get-or-set", v.own+l.key, err)})
		return loaded, err
	}
	if !l.f.BeginStore() {
		l.finish(flight.Result{Value: held})
		return loaded, nil
	}
	stored, err := v.store(ctx, l, call, held)
	switch {
	case errors.Is(err, ErrTooLarge):
		l.finish(flight.Result{Value: held, Err: v.cache.wrap("get-or-set", v.own+l.key, err)})
		return loaded, err
	case err != nil && ctx.Err() == nil: // whose call has ended anyway need not hear of it
		v.cache.covered("larder: loaded value not stored", v.own+l.key, err)
	case err == nil && !stored:
		// Somebody else stored first (an Add or Incr, another process): that is the entry now.
		l.replaces = nil
		if val, ok := v.lookAgain(ctx, l, call.prefix); ok {
			return val, nil
		}
	}
	l.finish(flight.Result{Value: held})
	return loaded, nil
}

// store puts a loaded value where nothing is, or in the place of what it replaces: never over what somebody else has
// stored meanwhile.
func (v *View[V]) store(ctx context.Context, l *leader, call call, held driver.Value) (stored bool, err error) {
	e := &v.cache.engine
	if l.replaces != nil {
		stored, err = e.replace(ctx, call.prefix, l.key, l.replaces, held, call.ttl)
	} else {
		stored, err = e.fill(ctx, call.prefix, l.key, held, call.ttl)
	}
	v.cache.countSet(stored)
	return stored, err
}
