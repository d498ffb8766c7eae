package larder

import (
	"context"
	"errors"

	"github.com/larder-go/larder/internal/flight"
)

// GetOrSetMany returns the entries of keys, and runs load once for just those that are missing: what load returns is
// stored and returned. Keys that load leaves out are absent from the result, as if it had said ErrNotFound for them.
//
// Everything that GetOrSet promises for one key holds for each: keys that another caller is loading are waited for,
// not loaded again (should that caller's context end, load runs here for that key), and Set or Delete during the load
// are not undone. If load fails, what was found is returned together with its error. Keys that failed alone are named
// in a [*BatchError].
func (v *View[V]) GetOrSetMany(ctx context.Context, keys []string, load func(ctx context.Context, missing []string) (map[string]V, error), opts ...CallOption) (map[string]V, error) {
	call, err := v.resolve(opts)
	if err == nil {
		_, err = call.lifetime()
	}
	if err != nil {
		return nil, v.failAll("get-or-set-many", err)
	}
	b := bulk[V]{view: v, ctx: ctx, call: call, load: load, found: map[string]V{}, failed: map[string]error{}, pending: keys}
	b.asked = v.cache.engine.flights.Now()
	for {
		if err := b.find(opts); err != nil {
			return nil, v.failAll("get-or-set-many", err)
		}
		if len(b.pending) == 0 {
			return b.found, v.failMany("get-or-set-many", b.failed)
		}
		if err := b.round(); err != nil {
			return b.found, err
		}
	}
}

// bulk is one call of GetOrSetMany.
type bulk[V any] struct {
	view    *View[V]
	ctx     context.Context // lives no longer than the call
	call    call
	load    func(context.Context, []string) (map[string]V, error)
	found   map[string]V
	failed  map[string]error
	asked   flight.Moment
	pending []string // keys that are neither found nor known to be absent, each once
}

// find reads what is there of the pending keys; pending is then what has to be loaded.
func (b *bulk[V]) find(opts []CallOption) error {
	keys := b.pending
	b.pending = nil
	found, failed, err := b.view.findMany(b.ctx, keys, opts)
	if err != nil && !b.view.mayLoad(b.ctx, "", err) {
		return err
	}
	seen := make(map[string]bool, len(keys))
	for _, key := range keys {
		if val, ok := found[key]; ok {
			b.found[key] = val
			continue
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		err := failed[key]
		if err == nil {
			err = checkKey(b.call.prefix, key) // if nothing was read, nothing was checked
		}
		if err != nil && !b.view.mayLoad(b.ctx, key, err) {
			b.failed[key] = err
			continue
		}
		b.pending = append(b.pending, key)
	}
	return nil
}

// boarding is a key whose load this call waits for.
type boarding struct {
	key string
	f   *flight.Flight
}

// round joins every pending key's load, and finishes those that it leads before it waits for others:
// two calls that each led a key that the other waits for would otherwise wait for ever.
func (b *bulk[V]) round() error {
	var led []*leader
	var waiting []boarding
	defer func() { leave(waiting) }() // those that have not begun, after an error or a panic
	pending := b.pending
	b.pending = nil
	for _, key := range pending {
		f, leads, err := b.view.cache.engine.flights.Join(b.ctx, b.call.prefix+key)
		switch {
		case err != nil:
			for _, l := range led {
				l.f.Abandon()
			}
			return b.view.fail("get-or-set-many", key, err)
		case leads:
			led = append(led, &leader{f: f, key: key})
		default:
			waiting = append(waiting, boarding{key, f})
		}
	}
	if err := b.lead(led); err != nil {
		return err
	}
	for len(waiting) > 0 {
		next := waiting[0]
		waiting = waiting[1:]
		if err := b.wait(next); err != nil {
			return err
		}
	}
	return nil
}

// leave ends waits that have not begun.
func leave(waiting []boarding) {
	for _, w := range waiting {
		w.f.Leave()
	}
}

func (b *bulk[V]) wait(w boarding) error {
	result, outcome, err := w.f.Wait(b.ctx, b.view.cache.closed, b.asked)
	switch {
	case err != nil:
		return b.view.fail("get-or-set-many", w.key, err)
	case outcome == flight.Lead:
		return b.lead([]*leader{{f: w.f, key: w.key}})
	case outcome == flight.Again:
		b.pending = append(b.pending, w.key)
	case result.Value != nil:
		val, err := b.view.kind.take(result.Value)
		if err != nil { // another view's: it counts as absent
			b.pending = append(b.pending, w.key)
			return nil
		}
		b.settle(w.key, val, result.Err)
	case !errors.Is(result.Err, ErrNotFound):
		b.failed[w.key] = cause(result.Err)
	}
	return nil
}

func (b *bulk[V]) settle(key string, val V, err error) {
	b.found[key] = val
	if err != nil {
		b.failed[key] = cause(err)
	}
}

// cause takes operation and key off an error, because a BatchError names them.
func cause(err error) error {
	var inner *Error
	if errors.As(err, &inner) {
		return inner.Err
	}
	return err
}
