package memory

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
)

// GetMany returns the encoded values.
func (s *store) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
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
func (s *store) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	failed := driver.KeyErrors{}
	for _, it := range items {
		// A later item of the same key counts, also when the earlier one failed.
		delete(failed, it.Key)
		if err := s.set(it.Key, driver.Bytes(it.Value), ttl); err != nil {
			failed[it.Key] = err
		}
	}
	return failed.OrNil()
}

// DeleteMany removes the keys.
func (s *store) DeleteMany(ctx context.Context, keys []string) (int, error) {
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
