package memory

import (
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/larder-go/larder/driver"
)

// GetLive returns the value as it is kept.
func (s live) GetLive(prefix, key string) (driver.Value, error) {
	if s.closed.Load() {
		return nil, driver.ErrClosed
	}
	e, ok := s.space.find(prefix, key)
	if !ok {
		return nil, driver.ErrMiss
	}
	return e.value, nil
}

// SetLive keeps v.
func (s live) SetLive(prefix, key string, v driver.Value, ttl time.Duration) error {
	if s.closed.Load() {
		return driver.ErrClosed
	}
	return s.set(joined(prefix, key), v, ttl)
}

// AddLive keeps v if the key is absent.
func (s live) AddLive(prefix, key string, v driver.Value, ttl time.Duration) (bool, error) {
	if s.closed.Load() {
		return false, driver.ErrClosed
	}
	return s.add(joined(prefix, key), v, ttl)
}

// SwapLive keeps v if the entry's value is still old.
func (s live) SwapLive(prefix, key string, old, v driver.Value, ttl time.Duration) (bool, error) {
	if s.closed.Load() {
		return false, driver.ErrClosed
	}
	return s.swap(prefix+key, old, v, ttl)
}

// joined is a key to keep. Alone it may be a part of something large, which the entry would keep alive.
func joined(prefix, key string) string {
	if prefix == "" {
		return strings.Clone(key)
	}
	return prefix + key
}

// find looks an entry up without joining the two parts of its key on the heap.
func (s *space) find(prefix, key string) (entry, bool) {
	if len(prefix)+len(key) > len(buffer{}) {
		return s.cache.GetIfPresent(prefix + key)
	}
	b := buffers.Get().(*buffer)
	n := copy(b[:], prefix)
	n += copy(b[n:], key)
	// otter hashes and compares this string and does not keep it, so it may live in memory that is
	// used again.
	e, ok := s.cache.GetIfPresent(unsafe.String(&b[0], n))
	buffers.Put(b)
	return e, ok
}

// buffer is where the two parts of a key are joined for a look-up.
type buffer [256]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}
