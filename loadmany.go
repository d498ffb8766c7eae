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
// are not undone. If load fails, what was found is returned together with its error.
func (v *View[V]) GetOrSetMany(ctx context.Context, keys []string, load func(ctx context.Context, missing []string) (map[string]V, error), opts ...CallOption) (map[string]V, error) {
	call, err := v.resolve(opts)
	if err == nil {
		_, err = call.lifetime()
	}
	if err != nil {
		return nil, v.fail("get-or-set-many", "", err)
	}
	found, failed, err := v.findMany(ctx, keys, opts)
	if err != nil {
		if errors.Is(err, ErrBadKey) || !v.mayLoad(ctx, "", err) {
			return nil, v.fail("get-or-set-many", "", err)
		}
		found = map[string]V{}
	}
	for key, err := range failed {
		if !v.mayLoad(ctx, key, err) {
			return found, v.fail("get-or-set-many", key, err)
		}
	}
	b := bulk[V]{view: v, ctx: ctx, call: call, load: load, found: found}
	b.pending = b.missing(keys)
	for len(b.pending) > 0 {
		if err := b.round(); err != nil {
			return found, err
		}
	}
	return found, v.cache.failMany("get-or-set-many", b.failed)
}

// bulk is one call of GetOrSetMany.
type bulk[V any] struct {
	view    *View[V]
	ctx     context.Context //nolint:containedctx // lives no longer than the call
	call    call
	load    func(context.Context, []string) (map[string]V, error)
	found   map[string]V
	failed  map[string]error
	pending []string // keys that are neither found nor known to be absent
}

// boarding is a key whose load this call leads or waits for.
type boarding struct {
	key string
	f   *flight.Flight
}

// missing returns each key that was not found, once.
func (b *bulk[V]) missing(keys []string) []string {
	var missing []string
	seen := make(map[string]bool, len(keys))
	for _, key := range keys {
		if _, ok := b.found[key]; !ok && !seen[key] {
			seen[key] = true
			missing = append(missing, key)
		}
	}
	return missing
}

// round joins every pending key's load, and finishes those that it leads before it waits for others:
// two calls that each led a key that the other waits for would otherwise wait for ever.
func (b *bulk[V]) round() error {
	var led, waiting []boarding
	pending := b.pending
	b.pending = nil
	for _, key := range pending {
		f, leads, err := b.view.cache.flights.Join(b.ctx, b.call.prefix+key)
		switch {
		case err != nil:
			abandon(led)
			b.leave(waiting)
			return b.view.fail("get-or-set-many", key, err)
		case leads:
			led = append(led, boarding{key, f})
		default:
			waiting = append(waiting, boarding{key, f})
		}
	}
	if err := b.lead(led); err != nil {
		b.leave(waiting)
		return err
	}
	for i, w := range waiting {
		if err := b.wait(w); err != nil {
			b.leave(waiting[i+1:])
			return err
		}
	}
	return nil
}

func abandon(led []boarding) {
	for _, l := range led {
		l.f.Abandon()
	}
}

// leave ends waits that have not begun.
func (b *bulk[V]) leave(waiting []boarding) {
	for _, w := range waiting {
		w.f.Leave()
	}
}

func (b *bulk[V]) wait(w boarding) error {
	result, outcome, err := w.f.Wait(b.ctx, b.view.cache.closed)
	switch {
	case err != nil:
		return b.view.fail("get-or-set-many", w.key, err)
	case outcome == flight.Lead:
		return b.lead([]boarding{w})
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
		b.fail(w.key, result.Err)
	}
	return nil
}

func (b *bulk[V]) settle(key string, val V, err error) {
	b.found[key] = val
	if err != nil {
		b.fail(key, err)
	}
}

func (b *bulk[V]) fail(key string, err error) {
	if b.failed == nil {
		b.failed = map[string]error{}
	}
	b.failed[key] = err
}
