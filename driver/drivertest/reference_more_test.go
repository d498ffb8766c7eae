package drivertest_test

import (
	"context"
	"strconv"
	"time"

	"github.com/larder-go/larder/driver"
)

func (r *reference) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	n := delta
	err := r.count(ctx, key, strconv.FormatInt(delta, 10), ttl, func(old string) (string, error) {
		var err error
		n, err = driver.AddInt(old, delta)
		return strconv.FormatInt(n, 10), err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (r *reference) IncrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (float64, error) {
	f := delta
	err := r.count(ctx, key, driver.FormatFloat(delta), ttl, func(old string) (text string, err error) {
		f, text, err = driver.AddFloat(old, delta)
		return text, err
	})
	if err != nil {
		return 0, err
	}
	return f, nil
}

func (r *reference) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	if err := r.enter(ctx); err != nil {
		return nil, nil, err
	}
	defer r.mu.Unlock()
	e, ok := r.find(key)
	if !ok {
		return nil, nil, driver.ErrMiss
	}
	b, err := e.value.Encode()
	return b, e.version, err
}

func (r *reference) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if err := r.enter(ctx); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	e, ok := r.find(key)
	if version, isOurs := v.(uint64); !ok || !isOurs || version != e.version {
		return false, nil
	}
	if r.tooLarge(driver.Bytes(value)) {
		return false, driver.ErrTooLarge
	}
	r.put(key, driver.Bytes(value), ttl)
	return true, nil
}

func (r *reference) GetLive(prefix, key string) (driver.Value, error) {
	if err := r.enter(context.Background()); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	e, ok := r.find(prefix + key)
	if !ok {
		return nil, driver.ErrMiss
	}
	return e.value, nil
}

func (r *reference) SetLive(prefix, key string, v driver.Value, ttl time.Duration) error {
	if err := r.enter(context.Background()); err != nil {
		return err
	}
	defer r.mu.Unlock()
	return r.store(prefix+key, v, ttl)
}

func (r *reference) AddLive(prefix, key string, v driver.Value, ttl time.Duration) (bool, error) {
	if err := r.enter(context.Background()); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	return r.add(prefix+key, v, ttl)
}

func (r *reference) SwapLive(prefix, key string, old, v driver.Value, ttl time.Duration) (bool, error) {
	if err := r.enter(context.Background()); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	e, ok := r.find(prefix + key)
	if !ok || e.value != old {
		return false, nil
	}
	if r.tooLarge(v) {
		return false, driver.ErrTooLarge
	}
	r.put(prefix+key, v, ttl)
	return true, nil
}
