package drivertest

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/larder-go/larder/driver"
)

var (
	_ driver.Store     = (*Faulty)(nil)
	_ driver.Batcher   = (*Faulty)(nil)
	_ driver.Adder     = (*Faulty)(nil)
	_ driver.Toucher   = (*Faulty)(nil)
	_ driver.Counter   = (*Faulty)(nil)
	_ driver.Swapper   = (*Faulty)(nil)
	_ driver.Scanner   = (*Faulty)(nil)
	_ driver.Clearer   = (*Faulty)(nil)
	_ driver.Inspector = (*Faulty)(nil)
	_ driver.Pinger    = (*Faulty)(nil)
	_ driver.Reporter  = (*Faulty)(nil)
	_ driver.Advisor   = (*Faulty)(nil)
	_ driver.Named     = (*Faulty)(nil)
	_ driver.Unwrapper = (*Faulty)(nil)
	_ driver.Live      = (*faultyLive)(nil)
)

type none = struct{}

// Get is the store's.
func (f *Faulty) Get(ctx context.Context, key string) ([]byte, error) {
	return through(ctx, f, OpGet, []string{key}, true, func() ([]byte, error) { return f.store.Get(ctx, key) })
}

// Set is the store's.
func (f *Faulty) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := through(ctx, f, OpSet, []string{key}, true, func() (none, error) {
		return none{}, f.store.Set(ctx, key, value, ttl)
	})
	return err
}

// Delete is the store's.
func (f *Faulty) Delete(ctx context.Context, key string) (bool, error) {
	return through(ctx, f, OpDelete, []string{key}, true, func() (bool, error) { return f.store.Delete(ctx, key) })
}

// Close closes the store.
func (f *Faulty) Close() error {
	_, err := through(context.Background(), f, OpClose, nil, true, func() (none, error) { return none{}, f.store.Close() })
	return err
}

// GetMany is the store's.
func (f *Faulty) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	b := f.inner.batcher
	return through(ctx, f, OpGetMany, keys, b != nil, func() ([]driver.Result, error) { return b.GetMany(ctx, keys) })
}

// SetMany is the store's.
func (f *Faulty) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	b, keys := f.inner.batcher, make([]string, len(items))
	for i, item := range items {
		keys[i] = item.Key
	}
	_, err := through(ctx, f, OpSetMany, keys, b != nil, func() (none, error) { return none{}, b.SetMany(ctx, items, ttl) })
	return err
}

// DeleteMany is the store's.
func (f *Faulty) DeleteMany(ctx context.Context, keys []string) (int, error) {
	b := f.inner.batcher
	return through(ctx, f, OpDeleteMany, keys, b != nil, func() (int, error) { return b.DeleteMany(ctx, keys) })
}

// Add is the store's.
func (f *Faulty) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	a := f.inner.adder
	return through(ctx, f, OpAdd, []string{key}, a != nil, func() (bool, error) { return a.Add(ctx, key, value, ttl) })
}

// Touch is the store's.
func (f *Faulty) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	t := f.inner.toucher
	return through(ctx, f, OpTouch, []string{key}, t != nil, func() (bool, error) { return t.Touch(ctx, key, ttl) })
}

// Incr is the store's.
func (f *Faulty) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	c := f.inner.counter
	return through(ctx, f, OpIncr, []string{key}, c != nil, func() (int64, error) { return c.Incr(ctx, key, delta, ttl) })
}

// IncrFloat is the store's.
func (f *Faulty) IncrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (float64, error) {
	c := f.inner.counter
	return through(ctx, f, OpIncrFloat, []string{key}, c != nil, func() (float64, error) {
		return c.IncrFloat(ctx, key, delta, ttl)
	})
}

// GetVersion is the store's.
func (f *Faulty) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	type read struct {
		value   []byte
		version driver.Version
	}
	s := f.inner.swapper
	r, err := through(ctx, f, OpGetVersion, []string{key}, s != nil, func() (read, error) {
		value, version, err := s.GetVersion(ctx, key)
		return read{value, version}, err
	})
	return r.value, r.version, err
}

// Swap is the store's.
func (f *Faulty) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	s := f.inner.swapper
	return through(ctx, f, OpSwap, []string{key}, s != nil, func() (bool, error) { return s.Swap(ctx, key, v, value, ttl) })
}

// Scan is the store's. A fault comes as the error of the walk.
func (f *Faulty) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := f.enter(ctx, OpScan, prefix)
		if err == nil && f.inner.scanner == nil {
			err = errors.ErrUnsupported
		}
		if err != nil {
			yield("", err)
			return
		}
		f.inner.scanner.Scan(ctx, prefix)(yield)
	}
}

// Clear is the store's.
func (f *Faulty) Clear(ctx context.Context, prefix string) (int, error) {
	c := f.inner.clearer
	return through(ctx, f, OpClear, []string{prefix}, c != nil, func() (int, error) { return c.Clear(ctx, prefix) })
}

// ClearAll is the store's.
func (f *Faulty) ClearAll(ctx context.Context) (int, error) {
	c := f.inner.clearer
	return through(ctx, f, OpClearAll, nil, c != nil, func() (int, error) { return c.ClearAll(ctx) })
}

// Inspect is the store's.
func (f *Faulty) Inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	i := f.inner.inspector
	return through(ctx, f, OpInspect, keys, i != nil, func() (map[string]driver.EntryInfo, error) { return i.Inspect(ctx, keys) })
}

// Ping is the store's.
func (f *Faulty) Ping(ctx context.Context) (driver.Server, error) {
	p := f.inner.pinger
	return through(ctx, f, OpPing, nil, p != nil, func() (driver.Server, error) { return p.Ping(ctx) })
}

// Report is the store's.
func (f *Faulty) Report(ctx context.Context) ([]driver.Fact, error) {
	r := f.inner.reporter
	return through(ctx, f, OpReport, nil, r != nil, func() ([]driver.Fact, error) { return r.Report(ctx) })
}

// Advise is the store's.
func (f *Faulty) Advise(ctx context.Context) ([]driver.Advice, error) {
	a := f.inner.advisor
	return through(ctx, f, OpAdvise, nil, a != nil, func() ([]driver.Advice, error) { return a.Advise(ctx) })
}

// EngineName is the store's, or "faulty" if it has none.
func (f *Faulty) EngineName() string {
	if f.inner.named == nil {
		return "faulty"
	}
	return f.inner.named.EngineName()
}

// Slot is the store's, or one of its own: the loads through several Faulty on one store are shared.
func (f *Faulty) Slot() *driver.Slot {
	if s, ok := f.store.(driver.Sharer); ok {
		return s.Slot()
	}
	return &f.slot
}

// Unwrap is the store's.
func (f *Faulty) Unwrap(target any) bool {
	return f.inner.unwrapper != nil && f.inner.unwrapper.Unwrap(target)
}

// faultyLive is a Faulty that does not hide live values. Its calls have no context that could end them at a gate.
type faultyLive struct{ *Faulty }

// keys tells which key a call with two parts is about.
func (f *faultyLive) keys(prefix, key string) []string { return []string{prefix + key} }

func (f *faultyLive) GetLive(prefix, key string) (driver.Value, error) {
	return through(context.Background(), f.Faulty, OpGetLive, f.keys(prefix, key), true, func() (driver.Value, error) {
		return f.inner.live.GetLive(prefix, key)
	})
}

func (f *faultyLive) SetLive(prefix, key string, v driver.Value, ttl time.Duration) error {
	_, err := through(context.Background(), f.Faulty, OpSetLive, f.keys(prefix, key), true, func() (none, error) {
		return none{}, f.inner.live.SetLive(prefix, key, v, ttl)
	})
	return err
}

func (f *faultyLive) AddLive(prefix, key string, v driver.Value, ttl time.Duration) (bool, error) {
	return through(context.Background(), f.Faulty, OpAddLive, f.keys(prefix, key), true, func() (bool, error) {
		return f.inner.live.AddLive(prefix, key, v, ttl)
	})
}

func (f *faultyLive) SwapLive(prefix, key string, old, v driver.Value, ttl time.Duration) (bool, error) {
	return through(context.Background(), f.Faulty, OpSwapLive, f.keys(prefix, key), true, func() (bool, error) {
		return f.inner.live.SwapLive(prefix, key, old, v, ttl)
	})
}
