package larder

import (
	"context"
	"errors"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/flight"
)

// leader is the load of one key that a call leads. It has to be ended, once: by finish, finishEarly, settle, fail, abandon or
// gone.
type leader struct {
	f        *flight.Flight
	key      string
	loading  bool
	ended    bool
	sealed   bool         // the flight is
	replaces driver.Value // what is there and may be stored over, because it does not decode; nil: nothing
	guarded  bool         // other processes load and write too, and only who has a lease may fill
	lease    *lease       // nil: none, because there are none, another process has it, or the engine failed
	fault    error        // why there is no lease, if the engine failed
}

// finish ends the load with a result for all waiters.
func (l *leader) finish(r flight.Result) {
	l.ended = true
	l.f.Finish(r)
}

// finishEarly ends the load with a result for those who asked before it began: that of the others may have been deleted since
// by another process.
func (l *leader) finishEarly(r flight.Result) {
	l.ended = true
	l.f.FinishEarly(r)
}

// settle ends a load of which nothing was stored. All waiters get the result if no other process has written the key since
// the load began: some of them may have come after that.
func (l *leader) settle(ctx context.Context, r flight.Result) {
	switch {
	case !l.guarded:
		l.finish(r)
	case l.lease == nil:
		l.finishEarly(r)
	case !l.mayStore():
		l.lease.drop()
		l.finishEarly(r)
	case l.lease.release(ctx):
		l.finish(r)
	default:
		l.finishEarly(r)
	}
}

// fail ends a load that gave an error. If that was because the leader's context has ended, the next waiter leads, and
// the load counts as abandoned.
func (l *leader) fail(ctx context.Context, err error) (abandoned bool) {
	if ctx.Err() == nil {
		l.settle(ctx, flight.Result{Err: err})
		return false
	}
	l.abandon()
	return true
}

// abandon leaves the load to the next waiter.
func (l *leader) abandon() {
	l.ended = true
	if l.lease != nil {
		l.lease.drop()
	}
	l.f.Abandon()
}

// errPanicked is what the waiters get when a loader panics.
var errPanicked = errors.New("the loader panicked")

// gone ends what nothing else has ended, because of a panic or runtime.Goexit. It is to be deferred.
func (l *leader) gone(ctx context.Context, fail func(op, key string, err error) error) {
	switch {
	case l.ended:
	case l.loading:
		l.settle(ctx, flight.Result{Err: fail("get-or-set", l.key, errPanicked)})
	default:
		l.ended = true
		l.f.Retry()
	}
}

// take takes note of what the leader was told of its key. There may be an entry, which need not decode.
func (l *leader) take(c *Cache, prefix string, g grant) {
	l.guarded, l.fault = g.guarded, g.fault
	l.lease = c.newLease(prefix+l.key, g.lease)
	l.loading = true
}

// enter is the second look-up, by the leader, and asks other processes' leave to load. Without it this schedule loads twice:
//
//	A: reads, misses      B: reads, misses
//	A: leads, loads, stores, finishes
//	                      B: finds no flight, leads, loads again
//
// If there is an entry now, the load is over. While another process loads, this one waits. It does not count as hit or miss.
func (v *View[V]) enter(ctx context.Context, l *leader, prefix string) (val V, ok bool, err error) {
	waits := v.cache.patience(ctx)
	for {
		l.f.Begin()
		g := v.cache.engine.acquire(ctx, prefix, []string{l.key})[0]
		if g.there != nil {
			if val, ok = v.seen(l, g.there); ok {
				return val, true, nil
			}
		}
		if !g.taken || waits.over() {
			l.take(v.cache, prefix, g)
			return val, false, nil
		}
		if err = waits.await(prefix + l.key); err != nil {
			l.abandon()
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

// seen ends the load if an entry that was found instead is good.
func (v *View[V]) seen(l *leader, kept driver.Value) (val V, ok bool) {
	val, err := v.kind.take(kept)
	if err != nil {
		l.replaces = kept
		return val, false
	}
	l.finishEarly(flight.Result{Value: kept})
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
	if !l.mayStore() {
		if l.fault != nil && ctx.Err() == nil {
			v.cache.unstored(v.own+l.key, l.fault)
		}
		l.settle(ctx, flight.Result{Value: held})
		return loaded, nil
	}
	stored, err := v.store(ctx, l, call, held)
	switch {
	case errors.Is(err, ErrTooLarge):
		l.settle(ctx, flight.Result{Value: held, Err: v.cache.wrap("get-or-set", v.own+l.key, err)})
		return loaded, err
	case err == nil && stored:
		l.finish(flight.Result{Value: held})
		return loaded, nil
	case err == nil:
		return v.landed(ctx, l, call, loaded, held)
	case ctx.Err() == nil: // whose call has ended anyway need not hear of it
		v.cache.unstored(v.own+l.key, err)
	}
	l.settle(ctx, flight.Result{Value: held})
	return loaded, nil
}

// landed ends a load that somebody else has come before: an Add or Incr, or another process. What that has stored is the entry
// now. If it is gone again, who came after that must not get what was loaded before.
func (v *View[V]) landed(ctx context.Context, l *leader, call call, loaded V, held driver.Value) (V, error) {
	if val, ok := v.lookAgain(ctx, l, call.prefix); ok {
		return val, nil
	}
	if l.guarded {
		l.finishEarly(flight.Result{Value: held})
	} else {
		l.finish(flight.Result{Value: held})
	}
	return loaded, nil
}

// mayStore tells whether the loaded value may be stored. If so, what is stored in this process waits until that is done; where
// others write too, so does who wants to join.
func (l *leader) mayStore() bool {
	switch {
	case !l.guarded:
		return l.f.BeginStore()
	case l.lease == nil && l.replaces == nil:
		return false
	case !l.sealed:
		l.sealed = l.f.Seal()
	}
	return l.sealed
}

// store puts a loaded value where nothing is, or in the place of what it replaces: never over what somebody else has
// stored meanwhile.
func (v *View[V]) store(ctx context.Context, l *leader, call call, held driver.Value) (stored bool, err error) {
	e := &v.cache.engine
	switch {
	case l.replaces != nil:
		stored, err = e.replace(ctx, call.prefix, l.key, l.replaces, held, call.ttl, l.guarded)
	case l.lease != nil:
		stored, err = l.lease.fill(ctx, held, call.ttl)
	default:
		stored, err = e.fill(ctx, call.prefix, l.key, held, call.ttl)
	}
	v.cache.countSet(stored)
	if err == nil {
		v.cache.wasStored()
	}
	return stored, err
}
