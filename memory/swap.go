package memory

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/larder-go/larder/driver"
)

// GetVersion returns the encoded value and its version.
func (s *store) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	if err := s.check(ctx); err != nil {
		return nil, nil, err
	}
	e, ok := s.space.cache.GetIfPresent(key)
	if !ok {
		return nil, nil, driver.ErrMiss
	}
	b, err := e.value.Encode()
	return b, e.value, err
}

// Swap stores value if the entry is still in version v.
func (s *store) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if err := s.check(ctx); err != nil {
		return false, err
	}
	want, ok := v.(driver.Value)
	if !ok {
		return false, nil
	}
	return s.swap(key, want, driver.Bytes(value), ttl)
}

// swap compares what is stored with want: encoded values by their bytes, live ones by identity.
func (s *store) swap(key string, want, v driver.Value, ttl time.Duration) (swapped bool, err error) {
	tooLarge := s.space.tooLarge(len(key), v)
	s.space.cache.ComputeIfPresent(key, func(old entry) (entry, otter.ComputeOp) {
		if old.value != want {
			return old, otter.CancelOp
		}
		if tooLarge {
			err = driver.ErrTooLarge
			return old, otter.CancelOp
		}
		swapped = true
		return entry{v, ttl}, otter.WriteOp
	})
	return swapped, err
}
