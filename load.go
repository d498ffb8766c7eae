package larder

import (
	"context"
	"errors"

	"github.com/larder-go/larder/internal/flight"
)

// Value makes a loader of a constant: users.GetOrSet(ctx, "42", larder.Value(User{})).
func Value[V any](val V) func(context.Context) (V, error) {
	return func(context.Context) (V, error) { return val, nil }
}

// GetOrSet returns the entry, or else runs load, stores what it gives and returns it. Lifetimes as for Set.
//
// For any number of concurrent callers of one key, in all views of it, one load runs: on the goroutine of the caller
// who was first, with that caller's context. The others wait; each leaves when its own context ends. If the first
// caller's context ends and load returns an error, the next waiter runs its own load. Any other error of load goes to
// all of them as it is (return ErrNotFound for what the origin does not have), and nothing is stored. A panic
// in load reaches its caller, and is an error for the others.
//
// A Set or Delete that comes during a load is not undone by it: the loaded value is returned and not stored, and
// who calls after the Set or Delete does not get it. A value that does not decode counts as absent, is replaced and
// logged. An engine that cannot be reached counts as a miss too, and is logged; if the loaded value cannot be stored,
// that is logged and counted, and no error. A loaded value that does not encode (ErrCodec) or is too large (ErrTooLarge) is returned
// together with the error.
//
// Loads that wait for each other in a circle get an error, as long as each loader uses the context it was given.
func (v *View[V]) GetOrSet(ctx context.Context, key string, load func(context.Context) (V, error), opts ...CallOption) (V, error) {
	var zero V
	call, err := v.resolve(opts)
	if err == nil {
		_, err = call.lifetime()
	}
	if err != nil {
		return zero, v.fail("get-or-set", key, err)
	}
	val, err := v.find(ctx, call.prefix, key)
	if err == nil {
		return val, nil
	}
	if !v.mayLoad(ctx, key, err) {
		return zero, v.fail("get-or-set", key, err)
	}
	if load == nil {
		panic("larder: GetOrSet with a nil loader")
	}
	for asked := v.cache.engine.flights.Now(); ; {
		val, err, again := v.fly(ctx, call, key, load, asked)
		if !again {
			return val, err
		}
		// The load was given up, or somebody has stored meanwhile: once more from the beginning.
		if val, err = v.find(ctx, call.prefix, key); err == nil {
			return val, nil
		}
		if !v.mayLoad(ctx, key, err) {
			return zero, v.fail("get-or-set", key, err)
		}
	}
}

// mayLoad tells whether a failed read is a reason to load. It tells the log of all but a plain miss.
func (v *view) mayLoad(ctx context.Context, key string, err error) bool {
	switch {
	case errors.Is(err, ErrMiss):
		return true
	case ctx.Err() != nil, errors.Is(err, ErrClosed), errors.Is(err, ErrBadKey):
		return false
	}
	v.cache.unread(v.own+key, err)
	return true
}

// fly joins the load of key, or leads it. It tells whether there was none to get a value from, after all.
func (v *View[V]) fly(ctx context.Context, call call, key string, load func(context.Context) (V, error), asked flight.Moment) (val V, err error, again bool) { //nolint:revive // the error is for the caller of GetOrSet, again for the loop
	f, leads, err := v.cache.engine.flights.Join(ctx, call.prefix+key)
	if err != nil {
		return val, v.fail("get-or-set", key, err), false
	}
	if !leads {
		result, outcome, err := f.Wait(ctx, v.cache.closed, asked)
		switch {
		case err != nil:
			return val, v.fail("get-or-set", key, err), false
		case outcome == flight.Again:
			return val, nil, true
		case outcome == flight.Done && result.Value == nil:
			return val, result.Err, false
		case outcome == flight.Done:
			// If it does not decode, another view with the same keys has loaded what is not a V: it counts as absent.
			val, err := v.kind.take(result.Value)
			return val, result.Err, err != nil
		}
	}
	val, err = v.lead(ctx, &leader{f: f, key: key}, call, load)
	return val, err, false
}

// lead runs the load, and ends it whatever happens.
func (v *View[V]) lead(ctx context.Context, l *leader, call call, load func(context.Context) (V, error)) (V, error) {
	loading := false
	defer func() {
		if loading { // a panic, or runtime.Goexit
			v.cache.countLoad(errPanicked)
		}
		l.gone(ctx, v.fail)
	}()
	if val, ok, err := v.enter(ctx, l, call.prefix); ok || err != nil {
		return val, v.fail("get-or-set", l.key, err)
	}
	loading = true
	loaded, err := load(flight.Loading(ctx, l.f))
	loading = false
	if err != nil {
		if !l.fail(ctx, err) {
			v.cache.countLoad(err)
		}
		return loaded, err
	}
	v.cache.countLoad(nil)
	loaded, err = v.land(ctx, l, call, loaded)
	return loaded, v.fail("get-or-set", l.key, err)
}
