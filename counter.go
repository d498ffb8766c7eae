package larder

import (
	"context"
	"fmt"
	"math"
)

// Incr adds delta to the integer at key and returns the sum, atomically, also between processes. The entry keeps its
// lifetime. A missing key becomes delta, with the default ttl or the one given. A value that is no integer of 64
// bits (1.0 is none) is ErrNotNumber, a sum that does not fit ErrOverflow; both leave it as it is.
func (c *Cache) Incr(ctx context.Context, key string, delta int64, opts ...CallOption) (int64, error) {
	return c.root.Incr(ctx, key, delta, opts...)
}

// Decr is Incr with -delta. A missing key becomes -delta.
func (c *Cache) Decr(ctx context.Context, key string, delta int64, opts ...CallOption) (int64, error) {
	return c.root.Decr(ctx, key, delta, opts...)
}

// IncrFloat is Incr for any JSON number. Sums are written without an exponent, and whole ones without a point, so that
// Incr and Python read them. A delta that is not finite is ErrNotNumber.
func (c *Cache) IncrFloat(ctx context.Context, key string, delta float64, opts ...CallOption) (float64, error) {
	return c.root.IncrFloat(ctx, key, delta, opts...)
}

// DecrFloat is IncrFloat with -delta.
func (c *Cache) DecrFloat(ctx context.Context, key string, delta float64, opts ...CallOption) (float64, error) {
	return c.root.DecrFloat(ctx, key, delta, opts...)
}

// Incr is [Cache.Incr] for a key of this view; a missing key gets the view's default ttl.
func (v *view) Incr(ctx context.Context, key string, delta int64, opts ...CallOption) (int64, error) {
	return v.incr(ctx, "incr", key, delta, opts)
}

// Decr is [Cache.Decr] for a key of this view.
func (v *view) Decr(ctx context.Context, key string, delta int64, opts ...CallOption) (int64, error) {
	if delta == math.MinInt64 {
		return 0, v.fail("decr", key, fmt.Errorf("%w: -(%d)", ErrOverflow, delta))
	}
	return v.incr(ctx, "decr", key, -delta, opts)
}

// IncrFloat is [Cache.IncrFloat] for a key of this view.
func (v *view) IncrFloat(ctx context.Context, key string, delta float64, opts ...CallOption) (float64, error) {
	return v.incrFloat(ctx, "incr-float", key, delta, opts)
}

// DecrFloat is [Cache.DecrFloat] for a key of this view.
func (v *view) DecrFloat(ctx context.Context, key string, delta float64, opts ...CallOption) (float64, error) {
	return v.incrFloat(ctx, "decr-float", key, -delta, opts)
}

func (v *view) incr(ctx context.Context, op, key string, delta int64, opts []CallOption) (int64, error) {
	call, err := v.prepare(ctx, key, opts)
	if err != nil {
		return 0, v.fail(op, key, err)
	}
	ttl, err := call.lifetime()
	if err != nil {
		return 0, v.fail(op, key, err)
	}
	sum, err := v.cache.engine.incr(ctx, call.prefix+key, delta, ttl)
	if err != nil {
		return 0, v.fail(op, key, err)
	}
	return sum, nil
}

func (v *view) incrFloat(ctx context.Context, op, key string, delta float64, opts []CallOption) (float64, error) {
	if math.IsNaN(delta) || math.IsInf(delta, 0) {
		return 0, v.fail(op, key, fmt.Errorf("%w: a delta of %v", ErrNotNumber, delta))
	}
	call, err := v.prepare(ctx, key, opts)
	if err != nil {
		return 0, v.fail(op, key, err)
	}
	ttl, err := call.lifetime()
	if err != nil {
		return 0, v.fail(op, key, err)
	}
	sum, err := v.cache.engine.incrFloat(ctx, call.prefix+key, delta, ttl)
	if err != nil {
		return 0, v.fail(op, key, err)
	}
	return sum, nil
}
