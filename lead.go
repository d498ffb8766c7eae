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
	lease    *lease       // the right to fill the key, on engines that other processes use too; nil: everybody may
}

func (l *leader) finish(r flight.Result) {
	l.ended = true
	l.f.Finish(r)
}

// settle ends a load of which nothing was stored, with a result for its waiters; unless another process has written the
// key since the load began. Some of them may have come after that, and have to look for themselves.
func (l *leader) settle(ctx context.Context, r flight.Result) {
	if l.lease == nil {
		l.finish(r)
		return
	}
	switch {
	case !l.f.Seal():
		l.lease.drop()
		l.retry()
	case l.lease.release(ctx):
		l.finish(r)
	default:
		l.retry()
	}
}

func (l *leader) retry() {
	l.ended = true
	l.f.Retry()
}

// fail ends a load that gave an error. If that was because the leader's context has ended, the next waiter leads, and
// the load counts as abandoned.
func (l *leader) fail(ctx context.Context, err error) (abandoned bool) {
	if ctx.Err() == nil {
		l.settle(ctx, flight.Result{Err: err})
		return false
	}
	l.ended = true
	l.dropLease()
	l.f.Abandon()
	return true
}

func (l *leader) dropLease() {
	if l.lease != nil {
		l.lease.drop()
	}
}

// errPanicked is what the waiters get when a loader panics.
var errPanicked = errors.New("the loader panicked")

// panicked ends what nothing else has ended. It is to be deferred.
func (l *leader) panicked(fail func(op, key string, err error) error) {
	if !l.ended {
		l.dropLease()
		l.finish(flight.Result{Err: fail("get-or-set", l.key, errPanicked)})
	}
}

// enter is the second look-up, by the leader, and asks other processes' leave to load. Without it this schedule loads twice:
//
//	A: reads, misses      B: reads, misses
//	A: leads, loads, stores, finishes
//	                      B: finds no flight, leads, loads again
//
// If there is an entry now, the load is over, and its waiters look for themselves. While another process loads, this one waits. It
// does not count as hit or miss.
func (v *View[V]) enter(ctx context.Context, l *leader, prefix string) (val V, ok bool, err error) { //nolint:revive // the error ends the call
	for patient := true; ; {
		g := v.cache.engine.acquire(ctx, prefix, []string{l.key})[0]
		if g.there != nil {
			val, ok = v.seen(l, g.there)
			return val, ok, nil
		}
		if !g.taken || !patient {
			l.lease = v.cache.newLease(prefix+l.key, g.lease)
			return val, false, nil
		}
		if patient, err = v.cache.await(ctx, prefix+l.key); err != nil {
			l.fail(ctx, err)
			return val, false, err
		}
	}
}

// lookAgain reads what somebody else has stored during a load.
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

// seen takes note of an entry that was found instead of loading one.
func (v *View[V]) seen(l *leader, kept driver.Value) (val V, ok bool) {
	val, err := v.kind.take(kept)
	if err != nil {
		l.replaces = kept
		return val, false
	}
	l.retry()
	return val, true
}

// land stores a loaded value, unless a write has voided the load, and ends the load with what its callers get. The error
// comes together with the value, and is not wrapped yet.
func (v *View[V]) land(ctx context.Context, l *leader, call call, loaded V) (V, error) {
	held, err := v.kind.hold(loaded)
	if err != nil {
		l.settle(ctx, flight.Result{Err: v.cache.wrap("get-or-set", v.own+l.key, err)})
		return loaded, err
	}
	if !l.beginStore() {
		l.settle(ctx, flight.Result{Value: held})
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
		return v.landed(ctx, l, call, loaded, held)
	}
	l.finish(flight.Result{Value: held})
	return loaded, nil
}

// landed ends a load that somebody else has come before: an Add or Incr, or another process. What that has stored is the entry
// now.
func (v *View[V]) landed(ctx context.Context, l *leader, call call, loaded V, held driver.Value) (V, error) {
	l.replaces = nil
	if val, ok := v.lookAgain(ctx, l, call.prefix); ok {
		return val, nil
	}
	if l.lease != nil {
		l.retry() // deleted since the load began: who came after that must not get what was loaded before
	} else {
		l.finish(flight.Result{Value: held})
	}
	return loaded, nil
}

// beginStore tells whether the loaded value may be stored.
func (l *leader) beginStore() bool {
	if l.lease != nil {
		return l.f.Seal()
	}
	return l.f.BeginStore()
}

// store puts a loaded value where nothing is, or in the place of what it replaces: never over what somebody else has
// stored meanwhile.
func (v *View[V]) store(ctx context.Context, l *leader, call call, held driver.Value) (stored bool, err error) {
	e := &v.cache.engine
	switch {
	case l.replaces != nil:
		stored, err = e.replace(ctx, call.prefix, l.key, l.replaces, held, call.ttl)
	case l.lease != nil:
		stored, err = l.lease.fill(ctx, held, call.ttl)
	default:
		stored, err = e.fill(ctx, call.prefix, l.key, held, call.ttl)
	}
	v.cache.countSet(stored)
	return stored, err
}
