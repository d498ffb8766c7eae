package larder

import (
	"context"
	"errors"

	"github.com/larder-go/larder/codec"
	"github.com/larder-go/larder/driver"
)

// absent is the copy of an entry that is not there. It is kept only while the engine tells of changes.
type absent struct{}

// Encode fails: nobody asks for it.
func (absent) Encode() ([]byte, error) { return nil, ErrMiss }

// Weight is that of nothing.
func (absent) Weight() int { return 0 }

// findNear is find where there is a near copy.
func (v *View[V]) findNear(ctx context.Context, n *near, prefix, key string) (V, error) {
	var zero V
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	if size := len(prefix) + len(key); size == 0 || size > driver.MaxKeyLen {
		return zero, checkKey(prefix, key)
	}
	kept := n.get(prefix, key)
	if b, ok := kept.(*boxed[V]); ok && b.kind == v.kind && v.kind.clone == nil {
		n.stats.hits.Add(1)
		return b.value, nil
	}
	if val, err, ok := v.kind.nearby(kept); ok {
		v.cache.countNear(err)
		return val, err
	}
	return v.findFar(ctx, n, prefix, key)
}

// findFar reads from the engine, and keeps a copy.
func (v *View[V]) findFar(ctx context.Context, n *near, prefix, key string) (V, error) {
	full := prefix + key
	t := n.begin(full)
	results, err := v.cache.engine.getTimed(ctx, []string{full})
	if err != nil {
		var zero V
		return zero, err
	}
	return v.arrived(n, t, full, results[0])
}

// arrived takes what was read, and keeps a copy if it is any good.
func (v *View[V]) arrived(n *near, t ticket, key string, r driver.TimedResult) (val V, err error) {
	v.cache.countRead(r.Err)
	if errors.Is(r.Err, ErrMiss) && !n.unwatched.Load() {
		n.keep(t, key, absent{}, 0)
	}
	if r.Err != nil {
		return val, r.Err
	}
	if val, err = v.kind.decode(r.Value); err == nil {
		n.keep(t, key, v.kind.copied(val, r.Value), r.TTL)
	}
	return val, err
}

// findManyNear is findMany where there is a near copy: the engine is asked for what is not there.
func (v *View[V]) findManyNear(ctx context.Context, n *near, b *batch, note func(key string, val V, err error)) error {
	var far []int
	for i, key := range b.keys {
		val, err, ok := v.kind.nearby(n.get(b.call.prefix, key))
		if !ok {
			far = append(far, i)
			continue
		}
		v.cache.countNear(err)
		note(key, val, err)
	}
	if len(far) == 0 {
		return nil
	}
	wire, tickets := make([]string, len(far)), make([]ticket, len(far))
	for i, at := range far {
		wire[i] = b.call.prefix + b.keys[at]
		tickets[i] = n.begin(wire[i])
	}
	results, err := v.cache.engine.getTimed(ctx, wire)
	if err != nil {
		return err
	}
	for i, at := range far {
		val, err := v.arrived(n, tickets[i], wire[i], results[i])
		note(b.keys[at], val, err)
	}
	return nil
}

// nearby gets a value out of a copy. It tells false if there is none that is any good to this view: a copy that a view of
// another type has made lacks what that type does not know.
func (k *kind[V]) nearby(kept driver.Value) (val V, err error, ok bool) { //nolint:revive // the error is for the caller
	switch kept := kept.(type) {
	case absent:
		return val, ErrMiss, true
	case *boxed[V]:
		if kept.kind != k && !(k.live && codec.Same(k.codec, kept.kind.codec)) {
			return val, nil, false
		}
		if k.clone != nil {
			return k.clone(kept.value), nil, true
		}
		return kept.value, nil, true
	case driver.Bytes:
		val, err = k.decode(inPlace(kept))
		return val, err, err == nil
	}
	return val, nil, false
}

// copied is what a near copy keeps of a value that was read: the value itself where an engine in this process would keep it,
// else what the engine has.
func (k *kind[V]) copied(val V, data []byte) driver.Value {
	if !k.live {
		return driver.Bytes(data)
	}
	if k.clone != nil {
		val = k.clone(val)
	}
	return &boxed[V]{val, k}
}

// getTimed reads entries and the lifetimes that they have left, unknown where the engine cannot tell.
func (e *engine) getTimed(ctx context.Context, keys []string) ([]driver.TimedResult, error) {
	if e.timed != nil {
		limited, cancel := e.limit(ctx)
		defer cancel()
		if results, err := e.timed.GetTimed(limited, keys); !declined(err) {
			return results, err
		}
	}
	if len(keys) == 1 {
		value, err := e.get(ctx, keys[0])
		if err != nil && !errors.Is(err, ErrMiss) {
			return nil, err
		}
		return []driver.TimedResult{{Value: value, TTL: unknown, Err: err}}, nil
	}
	results, err := e.getMany(ctx, keys)
	timed := make([]driver.TimedResult, len(results))
	for i, r := range results {
		timed[i] = driver.TimedResult{Value: r.Value, TTL: unknown, Err: r.Err}
	}
	return timed, err
}
