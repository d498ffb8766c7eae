package drivertest

import (
	"context"

	"github.com/larder-go/larder/driver"
)

var (
	_ driver.Timed   = (*Faulty)(nil)
	_ driver.Watcher = (*Faulty)(nil)
)

// GetTimed is the store's.
func (f *Faulty) GetTimed(ctx context.Context, keys []string) ([]driver.TimedResult, error) {
	t := f.inner.timed
	return through(ctx, f, OpGetTimed, keys, t != nil, func() ([]driver.TimedResult, error) { return t.GetTimed(ctx, keys) })
}

// Watch is the store's.
func (f *Faulty) Watch(ctx context.Context, prefix string, tell func(driver.Event)) (func(), error) {
	w := f.inner.watcher
	return through(ctx, f, OpWatch, []string{prefix}, w != nil, func() (func(), error) { return w.Watch(ctx, prefix, tell) })
}
