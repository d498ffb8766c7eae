package larder

import (
	"context"
	"errors"
	"time"

	"github.com/larder-go/larder/driver"
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
// logged. So does an engine that cannot be reached; if the loaded value cannot be stored, that is logged and
// counted, and no error. A loaded value that does not encode (ErrCodec) or is too large (ErrTooLarge) is returned
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
	return v.fly(ctx, call, key, load)
}

// mayLoad tells whether a failed read is a reason to load. It tells the log of all but a plain miss.
func (v *view) mayLoad(ctx context.Context, key string, err error) bool {
	switch {
	case errors.Is(err, ErrMiss):
		return true
	case ctx.Err() != nil, errors.Is(err, ErrClosed), errors.Is(err, ErrBadKey):
		return false
	}
	v.cache.covered("larder: not read, loading instead", v.own+key, err)
	return true
}

// covered counts and logs a failure that the caller does not get to see.
func (c *Cache) covered(what, key string, err error) {
	c.stats.errors.Add(1)
	c.logger.Warn(what, "engine", c.engine.name, "key", showKey(key), "error", err)
}

// fly joins the load of key, or leads it.
func (v *View[V]) fly(ctx context.Context, call call, key string, load func(context.Context) (V, error)) (V, error) {
	var zero V
	for {
		f, leads, err := v.cache.flights.Join(ctx, call.prefix+key)
		if err != nil {
			return zero, v.fail("get-or-set", key, err)
		}
		if leads {
			return v.lead(ctx, f, call, key, load)
		}
		result, outcome, err := f.Wait(ctx, v.cache.closed)
		switch {
		case err != nil:
			return zero, v.fail("get-or-set", key, err)
		case outcome == flight.Lead:
			return v.lead(ctx, f, call, key, load)
		case outcome == flight.Again:
			continue
		case result.Value == nil:
			return zero, result.Err
		}
		if val, err := v.kind.take(result.Value); err == nil {
			return val, result.Err
		}
		// Another view with the same keys has loaded what is not a V: it counts as absent.
	}
}

// errPanicked is what the waiters get when a loader panics.
var errPanicked = errors.New("the loader panicked")

// lead runs the load, and ends the flight whatever happens.
func (v *View[V]) lead(ctx context.Context, f *flight.Flight, call call, key string, load func(context.Context) (V, error)) (V, error) {
	ended, loading := false, false
	defer func() {
		if loading {
			v.cache.countLoad(errPanicked)
		}
		if !ended { // a panic, or runtime.Goexit
			f.Finish(flight.Result{Err: v.fail("get-or-set", key, errPanicked)})
		}
	}()
	end := func(r flight.Result) { ended = true; f.Finish(r) }

	// The second look-up. Without it this schedule loads twice:
	//
	//	A: reads, misses      B: reads, misses
	//	A: leads, loads, stores, finishes
	//	                      B: finds no flight, leads, loads again
	val, kept, spoilt := v.lookAgain(ctx, call.prefix, key)
	if kept != nil && !spoilt {
		end(flight.Result{Value: kept})
		return val, nil
	}
	loading = true
	loaded, err := load(flight.Loading(ctx, f))
	loading = false
	if err != nil {
		if ctx.Err() != nil {
			ended = true
			f.Abandon()
			return loaded, err
		}
		v.cache.countLoad(err)
		end(flight.Result{Err: err})
		return loaded, err
	}
	v.cache.countLoad(nil)
	held, err := v.kind.hold(loaded)
	if err != nil {
		err = v.fail("get-or-set", key, err)
		end(flight.Result{Err: err})
		return loaded, err
	}
	return v.land(ctx, f, end, call, key, landing[V]{loaded, held, kept})
}

func (c *Cache) countLoad(err error) {
	c.stats.loads.Add(1)
	if err != nil && !errors.Is(err, ErrNotFound) {
		c.stats.loadErrors.Add(1)
	}
}

// landing is a loaded value about to be stored.
type landing[V any] struct {
	loaded V
	held   driver.Value
	spoilt driver.Value // what is there and does not decode; nil if nothing is
}

// land stores the value, unless a write has voided the load, and ends the flight with what callers get.
func (v *View[V]) land(ctx context.Context, f *flight.Flight, end func(flight.Result), call call, key string, l landing[V]) (V, error) {
	if !f.BeginStore() {
		end(flight.Result{Value: l.held})
		return l.loaded, nil
	}
	stored, err := v.store(ctx, call, key, l)
	if errors.Is(err, ErrTooLarge) {
		err = v.fail("get-or-set", key, err)
		end(flight.Result{Value: l.held, Err: err})
		return l.loaded, err
	}
	if err != nil {
		if ctx.Err() == nil { // whose call has ended anyway need not hear of it
			v.cache.covered("larder: loaded value not stored", v.own+key, err)
		}
	} else if !stored {
		// Somebody else stored first (an Add or Incr, another process): that is the entry now.
		if val, kept, spoilt := v.lookAgain(ctx, call.prefix, key); kept != nil && !spoilt {
			end(flight.Result{Value: kept})
			return val, nil
		}
	}
	end(flight.Result{Value: l.held})
	return l.loaded, nil
}

// lookAgain reads without counting. kept is nil if nothing is there or it cannot be read, spoilt if it does not
// decode.
func (v *View[V]) lookAgain(ctx context.Context, prefix, key string) (val V, kept driver.Value, spoilt bool) {
	e := &v.cache.engine
	var err error
	if e.live != nil {
		kept, err = e.live.GetLive(prefix, key)
	} else {
		var data []byte
		if data, err = e.get(ctx, prefix+key); err == nil {
			kept = driver.Bytes(data)
		}
	}
	if err != nil {
		return val, nil, false
	}
	val, err = v.kind.take(kept)
	return val, kept, err != nil
}

// store puts a loaded value where nothing is, or in the place of what did not decode: never over what somebody
// else has stored meanwhile.
func (v *View[V]) store(ctx context.Context, call call, key string, l landing[V]) (stored bool, err error) {
	e := &v.cache.engine
	switch {
	case l.spoilt != nil && e.live != nil:
		stored, err = e.live.SwapLive(call.prefix, key, l.spoilt, l.held, call.ttl)
	case l.spoilt != nil:
		return v.replace(ctx, call, key, l)
	default:
		return v.fill(ctx, call, key, l.held)
	}
	if stored {
		v.cache.stats.sets.Add(1)
	}
	return stored, err
}

// fill stores where nothing is. On an engine without Add it may overwrite what another process has just stored.
func (v *View[V]) fill(ctx context.Context, call call, key string, held driver.Value) (bool, error) {
	added, err := v.addHeld(ctx, call.prefix, key, held, call.ttl)
	if !declined(err) {
		return added, err
	}
	if err = v.cache.engine.set(ctx, call.prefix+key, encoded(held), call.ttl); err == nil {
		v.cache.stats.sets.Add(1)
	}
	return err == nil, err
}

var errReplaced = errors.New("replaced meanwhile")

// replace stores over what did not decode, if it is still there.
func (v *View[V]) replace(ctx context.Context, call call, key string, l landing[V]) (bool, error) {
	e := &v.cache.engine
	full := call.prefix + key
	err := e.swapLoop(ctx, "replace", full, func(old []byte) ([]byte, time.Duration, error) {
		if string(old) != string(l.spoilt.(driver.Bytes)) {
			return nil, 0, errReplaced
		}
		return encoded(l.held), call.ttl, nil
	})
	switch {
	case errors.Is(err, errReplaced):
		return false, nil
	case errors.Is(err, ErrMiss):
		return v.fill(ctx, call, key, l.held)
	case declined(err):
		err = e.set(ctx, full, encoded(l.held), call.ttl)
	}
	if err == nil {
		v.cache.stats.sets.Add(1)
	}
	return err == nil, err
}
