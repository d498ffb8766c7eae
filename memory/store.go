package memory

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/larder-go/larder/driver"
)

// Get returns the encoded value.
func (s *store) Get(ctx context.Context, key string) ([]byte, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	return s.get(key)
}

func (s *store) get(key string) ([]byte, error) {
	e, ok := s.space.cache.GetIfPresent(key)
	if !ok {
		return nil, driver.ErrMiss
	}
	return e.value.Encode()
}

// Set stores a copy of value.
func (s *store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	return s.set(key, driver.Bytes(value), ttl)
}

func (s *store) set(key string, v driver.Value, ttl time.Duration) error {
	if s.space.tooLarge(len(key), v) {
		s.space.cache.Invalidate(key)
		return driver.ErrTooLarge
	}
	s.space.cache.Set(key, entry{v, ttl})
	return nil
}

// Delete removes key.
func (s *store) Delete(ctx context.Context, key string) (bool, error) {
	if err := s.check(ctx); err != nil {
		return false, err
	}
	_, was := s.space.cache.Invalidate(key)
	return was, nil
}

// Add stores value if key is absent.
func (s *store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := s.check(ctx); err != nil {
		return false, err
	}
	return s.add(key, driver.Bytes(value), ttl)
}

func (s *store) add(key string, v driver.Value, ttl time.Duration) (bool, error) {
	if s.space.tooLarge(len(key), v) {
		// What is there was not replaced, so nothing is deleted.
		return false, driver.ErrTooLarge
	}
	_, added := s.space.cache.SetIfAbsent(key, entry{v, ttl})
	return added, nil
}

// Touch changes the lifetime.
func (s *store) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := s.check(ctx); err != nil {
		return false, err
	}
	_, ok := s.space.cache.ComputeIfPresent(key, func(old entry) (entry, otter.ComputeOp) {
		return entry{old.value, ttl}, otter.WriteOp
	})
	return ok, nil
}

// Scan walks over the keys; it holds no lock while the caller has one.
func (s *store) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := s.check(ctx); err != nil {
			yield("", err)
			return
		}
		for key := range s.space.cache.Keys() {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			if err := s.check(ctx); err != nil {
				yield("", err)
				return
			}
			if !yield(key, nil) {
				return
			}
		}
		// Close empties the store: what was not seen is not known to be absent.
		if err := s.check(ctx); err != nil {
			yield("", err)
		}
	}
}

// Clear removes the keys that begin with prefix.
func (s *store) Clear(ctx context.Context, prefix string) (int, error) {
	n := 0
	for key, err := range s.Scan(ctx, prefix) {
		if err != nil {
			return n, err
		}
		if _, was := s.space.cache.Invalidate(key); was {
			n++
		}
	}
	return n, nil
}

// ClearAll removes everything in this store.
func (s *store) ClearAll(ctx context.Context) (int, error) {
	return s.Clear(ctx, "")
}

// Inspect returns lifetimes and sizes.
func (s *store) Inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	infos := make(map[string]driver.EntryInfo, len(keys))
	for _, key := range keys {
		e, ok := s.space.cache.GetEntryQuietly(key)
		if !ok {
			continue
		}
		size := -1
		if b, err := e.Value.value.Encode(); err == nil {
			size = len(b)
		}
		infos[key] = driver.EntryInfo{TTL: remaining(e), Size: size}
	}
	return infos, nil
}

// Ping tells the limits.
func (s *store) Ping(ctx context.Context) (driver.Server, error) {
	if err := s.check(ctx); err != nil {
		return driver.Server{}, err
	}
	notes := []driver.Fact{{Name: "limit", Value: s.space.limits()}}
	if s.space.name != "" {
		notes = append(notes, driver.Fact{Name: "name", Value: s.space.name})
	}
	return driver.Server{Version: "otter v2", Notes: notes}, nil
}

// Report tells sizes and evictions.
func (s *store) Report(ctx context.Context) ([]driver.Fact, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	facts := []driver.Fact{
		{Name: "entries", Value: int64(s.space.cache.EstimatedSize())},
		{Name: "evictions", Value: s.space.evictions.count.Load()},
	}
	if s.space.maxBytes > 0 {
		return append(facts,
			driver.Fact{Name: "bytes", Value: int64(s.space.cache.WeightedSize())},
			driver.Fact{Name: "max_bytes", Value: s.space.maxBytes}), nil
	}
	return append(facts, driver.Fact{Name: "max_entries", Value: int64(s.space.maxEntries)}), nil
}
