package memory

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/larder-go/larder/driver"
)

// GetVersion returns the encoded value and its version.
func (s *Store) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	if err := s.check(ctx); err != nil {
		return nil, nil, err
	}
	// To tell one writing of equal bytes from the next, a versioned entry gets an identity: from the first
	// look at its version on, the entry's value is a pointer, and every write replaces it.
	var v *versioned
	s.space.cache.ComputeIfPresent(key, func(old entry) (entry, otter.ComputeOp) {
		var ok bool
		if v, ok = old.value.(*versioned); ok {
			return old, otter.CancelOp
		}
		v = &versioned{old.value}
		return entry{v, driver.KeepTTL}, otter.WriteOp
	})
	if v == nil {
		return nil, nil, driver.ErrMiss
	}
	b, err := v.Encode()
	return b, v, err
}

// Swap stores value if the entry is still in version v.
func (s *Store) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if err := s.check(ctx); err != nil {
		return false, err
	}
	want, ok := v.(*versioned)
	if !ok {
		return false, nil
	}
	return s.swap(key, want, driver.Bytes(value), ttl)
}

func (s *Store) swap(key string, want, v driver.Value, ttl time.Duration) (swapped bool, err error) {
	tooLarge := s.space.tooLarge(len(key), v)
	s.space.cache.ComputeIfPresent(key, func(old entry) (entry, otter.ComputeOp) {
		if old.value != want && plain(old.value) != want {
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

// versioned gives a value an identity.
type versioned struct{ driver.Value }

// plain takes the identity off again: a live value is its own.
func plain(v driver.Value) driver.Value {
	if v, ok := v.(*versioned); ok {
		return v.Value
	}
	return v
}
