package memory

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/pubsub"
)

// entry is what otter holds under a key. The lifetime travels with the value, so that the two are
// stored in one step.
type entry struct {
	value driver.Value
	ttl   time.Duration
}

// space is the data that handles share.
type space struct {
	name       string
	handles    int // guarded by the registry
	maxEntries int
	maxBytes   int64
	cache      *otter.Cache[string, entry]
	slot       driver.Slot
	evictions  evictions

	notifying  sync.Mutex // from a write that publishes to its message
	book       pubsub.Book
	collecting sync.Mutex // one step for collections, which are several entries
}

func newSpace(o Options) *space {
	s := &space{maxEntries: o.MaxEntries, maxBytes: o.MaxBytes}
	options := &otter.Options[string, entry]{
		MaximumSize:   o.MaxEntries,
		StatsRecorder: &s.evictions,
		Logger:        &otter.NoopLogger{},
	}
	if !o.Untimed {
		options.ExpiryCalculator = otter.ExpiryWritingFunc(lifetime)
	}
	if o.MaxBytes > 0 {
		options.MaximumWeight = uint64(o.MaxBytes)
		options.Weigher = func(key string, e entry) uint32 {
			return uint32(min(weight(key, e.value), math.MaxUint32))
		}
	}
	s.cache = otter.Must(options)
	return s
}

// forever is how otter is told "no expiry": it takes anything at or below zero for "unchanged".
const forever = 2 * driver.MaxTTL

func lifetime(e otter.Entry[string, entry]) time.Duration {
	switch e.Value.ttl {
	case 0:
		return forever
	case driver.KeepTTL:
		return e.ExpiresAfter()
	}
	return e.Value.ttl
}

// remaining is the lifetime left of an entry, 0 for no expiry.
func remaining(e otter.Entry[string, entry]) time.Duration {
	left := e.ExpiresAfter()
	if left > driver.MaxTTL {
		return 0
	}
	return max(left, 1)
}

func weight(key string, v driver.Value) int64 {
	return int64(len(key)) + int64(v.Weight()) + EntryOverhead
}

// tooLarge tells whether the value would not fit even alone.
func (s *space) tooLarge(keyLen int, v driver.Value) bool {
	return s.maxBytes > 0 && int64(keyLen)+int64(v.Weight())+EntryOverhead > s.maxBytes
}

func (s *space) limits() string {
	if s.maxBytes > 0 {
		return fmt.Sprintf("max_bytes=%d", s.maxBytes)
	}
	return fmt.Sprintf("max_entries=%d", s.maxEntries)
}

func (s *space) drop() {
	s.cache.StopAllGoroutines()
	s.cache.InvalidateAll()
}

// evictions counts what was removed to make room; the rest of otter's statistics is not kept.
type evictions struct {
	stats.NoopRecorder
	count atomic.Int64
}

// RecordEviction counts one eviction.
func (e *evictions) RecordEviction(uint32) { e.count.Add(1) }
