package memory

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
)

// GetMany returns the encoded values.
func (s *Store) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	results := make([]driver.Result, len(keys))
	for i, key := range keys {
		results[i].Value, results[i].Err = s.get(key)
	}
	return results, nil
}

// SetMany stores copies of the values.
func (s *Store) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	var failed driver.KeyErrors
	for _, it := range items {
		err := s.set(it.Key, driver.Bytes(it.Value), ttl)
		if err != nil && failed == nil {
			failed = driver.KeyErrors{}
		}
		if failed == nil {
			continue
		}
		// A later item of the same key counts, also when the earlier one failed.
		if delete(failed, it.Key); err != nil {
			failed[it.Key] = err
		}
	}
	if len(failed) > 0 {
		return failed
	}
	return nil
}

// DeleteMany removes the keys.
func (s *Store) DeleteMany(ctx context.Context, keys []string) (int, error) {
	if err := s.check(ctx); err != nil {
		return 0, err
	}
	n := 0
	for _, key := range keys {
		if _, was := s.space.cache.Invalidate(key); was {
			n++
		}
	}
	return n, nil
}
