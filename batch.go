package larder

import (
	"context"
	"errors"
	"fmt"

	"github.com/larder-go/larder/driver"
)

// GetMany returns the values of those of the keys that are there, in one round trip where the engine has one.
// Keys that failed alone (ErrCodec, say) are named in a [*BatchError], and the map has the others. No keys: an
// empty map.
func (v *View[V]) GetMany(ctx context.Context, keys []string, opts ...CallOption) (map[string]V, error) {
	found, failed, err := v.findMany(ctx, keys, opts)
	if err != nil {
		return nil, v.fail("get-many", "", err)
	}
	return found, v.cache.failMany("get-many", failed)
}

// findMany returns what is there, and what failed and why.
func (v *View[V]) findMany(ctx context.Context, keys []string, opts []CallOption) (found map[string]V, failed map[string]error, err error) {
	found = make(map[string]V, len(keys))
	call, wire, err := v.prepareMany(ctx, keys, opts)
	if err != nil || len(keys) == 0 {
		return found, nil, err
	}
	failed = map[string]error{}
	if v.cache.engine.live != nil {
		for _, key := range keys {
			val, err := v.find(ctx, call.prefix, key)
			sort(found, failed, key, val, err)
		}
		return found, failed, errors.Join(ctx.Err(), v.ended(failed))
	}
	results, err := v.cache.engine.getMany(ctx, wire)
	if err != nil {
		return nil, nil, err
	}
	for i, key := range keys {
		var val V
		err := results[i].Err
		if err == nil {
			v.cache.stats.hits.Add(1)
			val, err = v.kind.decode(results[i].Value)
		} else if errors.Is(err, ErrMiss) {
			v.cache.stats.misses.Add(1)
		}
		sort(found, failed, key, val, err)
	}
	return found, failed, nil
}

// ended is ErrClosed if that is what all keys say.
func (v *View[V]) ended(failed map[string]error) error {
	for _, err := range failed {
		if errors.Is(err, ErrClosed) {
			return err
		}
		break
	}
	return nil
}

func sort[V any](found map[string]V, failed map[string]error, key string, val V, err error) {
	switch {
	case err == nil:
		found[key] = val
	case !errors.Is(err, ErrMiss):
		failed[key] = err
	}
}

// SetMany stores all values with one lifetime (as for Set), in one round trip where the engine has one; no key is ever
// there without it. Values that do not encode or are too large fail for their keys only, in a [*BatchError];
// the others are stored.
func (v *View[V]) SetMany(ctx context.Context, values map[string]V, opts ...CallOption) error {
	if err := ctx.Err(); err != nil {
		return v.fail("set-many", "", err)
	}
	call, err := v.resolve(opts)
	if err != nil {
		return v.fail("set-many", "", err)
	}
	ttl, err := call.lifetime()
	if err != nil {
		return v.fail("set-many", "", err)
	}
	failed := map[string]error{}
	items := make([]driver.Item, 0, len(values))
	byWire := make(map[string]string, len(values))
	for key, val := range values {
		if v.cache.engine.live != nil {
			if err := v.set(ctx, key, val, opts); err != nil {
				failed[key] = err
			}
			continue
		}
		if err := checkKey(call.prefix, key); err != nil {
			failed[key] = err
			continue
		}
		held, err := v.kind.hold(val)
		if err != nil {
			failed[key] = err
			continue
		}
		if err := v.cache.flights.Void(ctx, call.prefix, key); err != nil {
			failed[key] = err
			continue
		}
		items = append(items, driver.Item{Key: call.prefix + key, Value: encoded(held)})
		byWire[call.prefix+key] = key
	}
	if len(items) > 0 {
		err := v.cache.engine.setMany(ctx, items, ttl)
		var some driver.KeyErrors
		if err != nil && !errors.As(err, &some) {
			return v.fail("set-many", "", err)
		}
		for wire, err := range some {
			failed[byWire[wire]] = err
		}
		v.cache.stats.sets.Add(int64(len(items) - len(some)))
	}
	return v.cache.failMany("set-many", failed)
}

// DeleteMany removes the keys and returns how many were there; otherwise as Delete. If some could not be deleted, a
// [*BatchError] names them.
func (v *View[V]) DeleteMany(ctx context.Context, keys []string, opts ...CallOption) (int, error) {
	call, wire, err := v.prepareMany(ctx, keys, opts)
	if err != nil || len(keys) == 0 {
		return 0, v.fail("delete-many", "", err)
	}
	for _, key := range keys {
		if err := v.cache.flights.Void(ctx, call.prefix, key); err != nil {
			return 0, v.fail("delete-many", key, err)
		}
	}
	n, err := v.cache.engine.deleteMany(ctx, wire)
	var some driver.KeyErrors
	if err == nil || !errors.As(err, &some) {
		return n, v.fail("delete-many", "", err)
	}
	failed := make(map[string]error, len(some))
	for full, err := range some {
		failed[full[len(call.prefix):]] = err
	}
	return n, v.cache.failMany("delete-many", failed)
}

// prepareMany makes the wire keys.
func (v *view) prepareMany(ctx context.Context, keys []string, opts []CallOption) (call, []string, error) {
	if err := ctx.Err(); err != nil {
		return call{}, nil, err
	}
	c, err := v.resolve(opts)
	if err != nil {
		return c, nil, err
	}
	wire := make([]string, len(keys))
	for i, key := range keys {
		if err := checkKey(c.prefix, key); err != nil {
			return c, nil, fmt.Errorf("%s: %w", showKey(key), err)
		}
		wire[i] = c.prefix + key
	}
	return c, wire, nil
}
