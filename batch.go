package larder

import (
	"context"
	"errors"
	"strings"

	"github.com/larder-go/larder/driver"
)

// GetMany returns the values of those of the keys that are there, in one round trip where the engine has one.
// Keys that failed alone (ErrCodec, ErrBadKey) are named in a [*BatchError], and the map has the others. No keys: an
// empty map.
func (v *View[V]) GetMany(ctx context.Context, keys []string, opts ...CallOption) (map[string]V, error) {
	found, failed, err := v.findMany(ctx, keys, opts)
	if err != nil {
		return nil, v.failAll("get-many", err)
	}
	return found, v.failMany("get-many", failed)
}

// findMany returns what is there, and what failed and why.
func (v *View[V]) findMany(ctx context.Context, keys []string, opts []CallOption) (found map[string]V, failed map[string]error, err error) {
	b, err := v.prepareMany(ctx, keys, opts)
	if err != nil {
		return nil, nil, err
	}
	found = make(map[string]V, len(keys))
	note := func(key string, val V, err error) {
		switch {
		case err == nil:
			found[key] = val
		case !errors.Is(err, ErrMiss):
			b.failed[key] = err
		}
	}
	if v.cache.engine.live != nil {
		for _, key := range b.keys {
			val, err := v.find(ctx, b.call.prefix, key)
			if fatal(ctx, err) {
				return nil, nil, err
			}
			note(key, val, err)
		}
		return found, b.failed, nil
	}
	if len(b.keys) == 0 {
		return found, b.failed, nil
	}
	if n := v.cache.engine.near; n != nil {
		return found, b.failed, v.findManyNear(ctx, n, b, note)
	}
	results, err := v.cache.engine.getMany(ctx, b.wire())
	if err != nil {
		return nil, nil, err
	}
	v.cache.countReads(results)
	values := make([]V, len(b.keys)) // one allocation: what a decoder is given a pointer to is on the heap
	for i, key := range b.keys {
		err := results[i].Err
		if err == nil {
			err = v.kind.decodeTo(&values[i], results[i].Value)
		}
		note(key, values[i], err)
	}
	return found, b.failed, nil
}

// SetMany stores all values with one lifetime (as for Set), in one round trip where the engine has one; no key is ever
// there without it. Values that do not encode or are too large fail for their keys only, in a [*BatchError];
// the others are stored.
func (v *View[V]) SetMany(ctx context.Context, values map[string]V, opts ...CallOption) error {
	if err := ctx.Err(); err != nil {
		return v.failAll("set-many", err)
	}
	call, err := v.resolve(opts)
	if err == nil {
		_, err = call.lifetime()
	}
	if err != nil {
		return v.failAll("set-many", err)
	}
	failed := map[string]error{}
	if v.cache.engine.live != nil {
		err = v.setEach(ctx, call, values, failed)
	} else {
		err = v.setAtOnce(ctx, call, values, failed)
	}
	if err != nil {
		return v.failAll("set-many", err)
	}
	return v.failMany("set-many", failed)
}

// setEach is SetMany where there is no round trip to save.
func (v *View[V]) setEach(ctx context.Context, call call, values map[string]V, failed map[string]error) error {
	for key, val := range values {
		err := checkKey(call.prefix, key)
		if err == nil {
			err = v.setHeld(ctx, call, key, val)
		}
		if fatal(ctx, err) {
			return err
		}
		if err != nil {
			failed[key] = err
		}
	}
	return nil
}

func (v *View[V]) setAtOnce(ctx context.Context, call call, values map[string]V, failed map[string]error) error {
	items := v.encodeMany(call, values, failed)
	for _, it := range items {
		if err := v.cache.engine.flights.Void(ctx, "", it.Key); err != nil {
			return err
		}
	}
	if len(items) == 0 {
		return nil
	}
	err := v.cache.engine.setMany(ctx, items, call.ttl)
	for _, it := range items {
		v.cache.engine.flights.VoidAfter("", it.Key)
	}
	var some driver.KeyErrors
	if err != nil && !errors.As(err, &some) {
		return err
	}
	for wire, err := range some {
		failed[wire[len(call.prefix):]] = err
	}
	v.cache.stats.sets.Add(int64(len(items) - len(some)))
	return nil
}

// encodeMany makes what the engine gets, of the keys and values that are good.
func (v *View[V]) encodeMany(call call, values map[string]V, failed map[string]error) []driver.Item {
	items := make([]driver.Item, 0, len(values))
	for key, val := range values {
		err := checkKey(call.prefix, key)
		if err == nil {
			var held driver.Value
			if held, err = v.kind.hold(val); err == nil {
				items = append(items, driver.Item{Key: call.prefix + key, Value: encoded(held)})
				continue
			}
		}
		failed[key] = err
	}
	return items
}

// DeleteMany removes the keys and returns how many were there; otherwise as Delete. If some could not be deleted, a
// [*BatchError] names them.
func (v *view) DeleteMany(ctx context.Context, keys []string, opts ...CallOption) (int, error) {
	b, err := v.prepareMany(ctx, keys, opts)
	if err != nil {
		return 0, v.failAll("delete-many", err)
	}
	keys, n := b.wire(), 0
	for _, key := range keys {
		if err := v.cache.engine.flights.Void(ctx, "", key); err != nil {
			return 0, v.failAll("delete-many", err)
		}
	}
	if len(keys) > 0 {
		n, err = v.cache.engine.deleteMany(ctx, keys)
		for _, key := range keys {
			v.cache.engine.flights.VoidAfter("", key)
		}
	}
	var some driver.KeyErrors
	if err != nil && !errors.As(err, &some) {
		return n, v.failAll("delete-many", err)
	}
	for wire, err := range some {
		b.failed[wire[len(b.call.prefix):]] = err
	}
	return n, v.failMany("delete-many", b.failed)
}

// batch is what a call on many keys begins with: those that are good, and what is wrong with the others.
type batch struct {
	call   call
	keys   []string
	failed map[string]error
}

func (v *view) prepareMany(ctx context.Context, keys []string, opts []CallOption) (*batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	call, err := v.resolve(opts)
	if err != nil {
		return nil, err
	}
	b := &batch{call: call, keys: make([]string, 0, len(keys)), failed: map[string]error{}}
	for _, key := range keys {
		if err := checkKey(call.prefix, key); err != nil {
			b.failed[key] = err
			continue
		}
		b.keys = append(b.keys, key)
	}
	return b, nil
}

// wire returns the keys as the engine has them, in their order. All are parts of one string, so they are not for keeping.
func (b *batch) wire() []string {
	size := len(b.keys) * len(b.call.prefix)
	for _, key := range b.keys {
		size += len(key)
	}
	var joined strings.Builder
	joined.Grow(size)
	wire := make([]string, len(b.keys))
	for i, key := range b.keys {
		begin := joined.Len()
		joined.WriteString(b.call.prefix)
		joined.WriteString(key)
		wire[i] = joined.String()[begin:]
	}
	return wire
}
