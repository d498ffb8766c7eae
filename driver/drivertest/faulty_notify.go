package drivertest

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
)

var (
	_ driver.Notifier  = (*Faulty)(nil)
	_ driver.Collector = (*Faulty)(nil)
)

// SetNotify is the store's.
func (f *Faulty) SetNotify(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	n := f.inner.notifier
	_, err := through(ctx, f, OpSetNotify, []string{key}, n != nil, func() (none, error) {
		return none{}, n.SetNotify(ctx, key, value, ttl)
	})
	return err
}

// SwapNotify is the store's.
func (f *Faulty) SwapNotify(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	n := f.inner.notifier
	return through(ctx, f, OpSwapNotify, []string{key}, n != nil, func() (bool, error) {
		return n.SwapNotify(ctx, key, v, value, ttl)
	})
}

// Subscribe is the store's. The subscription itself knows no faults: what a test wants told it publishes.
func (f *Faulty) Subscribe(ctx context.Context, keys []string, tell func(driver.Message)) (driver.Subscription, error) {
	n := f.inner.notifier
	return through(ctx, f, OpSubscribe, keys, n != nil, func() (driver.Subscription, error) {
		return n.Subscribe(ctx, keys, tell)
	})
}

// Collect is the store's. Its key is that of the members.
func (f *Faulty) Collect(
	ctx context.Context, c driver.Collection, position float64, member []byte, ttl time.Duration,
) (driver.Collected, error) {
	inner := f.inner.collector
	return through(ctx, f, OpCollect, []string{c.Members}, inner != nil, func() (driver.Collected, error) {
		return inner.Collect(ctx, c, position, member, ttl)
	})
}

// Members is the store's.
func (f *Faulty) Members(ctx context.Context, c driver.Collection) ([][]byte, error) {
	inner := f.inner.collector
	return through(ctx, f, OpMembers, []string{c.Members}, inner != nil, func() ([][]byte, error) { return inner.Members(ctx, c) })
}

// Drop is the store's.
func (f *Faulty) Drop(ctx context.Context, c driver.Collection) error {
	inner := f.inner.collector
	_, err := through(ctx, f, OpDrop, []string{c.Members}, inner != nil, func() (none, error) { return none{}, inner.Drop(ctx, c) })
	return err
}
