package memory

import (
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
	b := buffers.Get().(*buffer)
	b.bytes = append(append(b.bytes[:0], prefix...), key...)
	// otter hashes and compares this string and does not keep it, so it may live in memory that is
	// used again.
	e, ok := s.space.cache.GetIfPresent(unsafe.String(unsafe.SliceData(b.bytes), len(b.bytes)))
	b.release()
	if !ok {
		return nil, driver.ErrMiss
	}
	return plain(e.value), nil
}

// SetLive keeps v.
func (s live) SetLive(prefix, key string, v driver.Value, ttl time.Duration) error {
	if s.closed.Load() {
		return driver.ErrClosed
	}
	return s.set(prefix+key, v, ttl)
}

// AddLive keeps v if the key is absent.
func (s live) AddLive(prefix, key string, v driver.Value, ttl time.Duration) (bool, error) {
	if s.closed.Load() {
		return false, driver.ErrClosed
	}
	return s.add(prefix+key, v, ttl)
}

// SwapLive keeps v if the entry's value is still old.
func (s live) SwapLive(prefix, key string, old, v driver.Value, ttl time.Duration) (bool, error) {
	if s.closed.Load() {
		return false, driver.ErrClosed
	}
	return s.swap(prefix+key, old, v, ttl)
}

// buffer is where the two parts of a key are joined for a look-up.
type buffer struct{ bytes []byte }

var buffers = sync.Pool{New: func() any { return &buffer{make([]byte, 0, 256)} }}

// release gives the buffer back, unless a long key has made it large.
func (b *buffer) release() {
	if cap(b.bytes) <= 4096 {
		buffers.Put(b)
	}
}
