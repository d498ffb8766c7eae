package drivertest

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
)

var _ driver.Leaser = (*Faulty)(nil)

// Acquire is the store's.
func (f *Faulty) Acquire(ctx context.Context, keys []string, d time.Duration) ([]driver.Grant, error) {
	l := f.inner.leaser
	return through(ctx, f, OpAcquire, keys, l != nil, func() ([]driver.Grant, error) { return l.Acquire(ctx, keys, d) })
}

// Renew is the store's.
func (f *Faulty) Renew(ctx context.Context, key string, lease driver.Lease, d time.Duration) (bool, error) {
	l := f.inner.leaser
	return through(ctx, f, OpRenew, []string{key}, l != nil, func() (bool, error) { return l.Renew(ctx, key, lease, d) })
}

// Fill is the store's.
func (f *Faulty) Fill(ctx context.Context, fillings []driver.Filling, ttl time.Duration) ([]bool, error) {
	l, keys := f.inner.leaser, make([]string, len(fillings))
	for i, filling := range fillings {
		keys[i] = filling.Key
	}
	return through(ctx, f, OpFill, keys, l != nil, func() ([]bool, error) { return l.Fill(ctx, fillings, ttl) })
}

// Release is the store's.
func (f *Faulty) Release(ctx context.Context, key string, lease driver.Lease) (bool, error) {
	l := f.inner.leaser
	return through(ctx, f, OpRelease, []string{key}, l != nil, func() (bool, error) { return l.Release(ctx, key, lease) })
}

// Await is the store's.
func (f *Faulty) Await(ctx context.Context, key string) error {
	l := f.inner.leaser
	_, err := through(ctx, f, OpAwait, []string{key}, l != nil, func() (none, error) { return none{}, l.Await(ctx, key) })
	return err
}
