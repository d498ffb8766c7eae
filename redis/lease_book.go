package redis

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
)

// newsLasts is how long news of a lease is good for: who keeps a lease renews it more often, and every renewal is told.
const newsLasts = 2 * driver.RenewLease

// start is what times are counted from: unlike the wall clock, this one is never set.
var start = time.Now()

func sinceStart() time.Duration { return time.Since(start) }

// leaseBook is what this process has been told of leases. The server tells it of each one that is made, renewed, used or
// given back (see Watch). So a SET need not carry a command along that deletes a lease which hardly ever exists:
//
//	another process takes a lease on k, and loads; this one is told
//	SET k: k stands, which is enough to keep the load from being stored
//	SET's caller finds the lease in the book, and deletes it
//	k is deleted by a program that knows no leases
//	the load ends: its lease is gone, it is not stored
//
// A lease that was made in the last moment before the SET may be told of after it. Then only the entry itself voids it: when the
// load ends, or when the lease is renewed.
type leaseBook struct {
	seed    maphash.Seed
	slots   [1 << 14]atomic.Int64 // by a hash of the key: until when there may be a lease, in nanoseconds since start
	blurred atomic.Int64          // until when there may be any lease
	alive   atomic.Int64          // until when everything has been told

	mu      sync.Mutex
	waiters map[string]map[chan struct{}]struct{}
}

func newLeaseBook() *leaseBook {
	return &leaseBook{seed: maphash.MakeSeed(), waiters: map[string]map[chan struct{}]struct{}{}}
}

func (b *leaseBook) slot(key string) *atomic.Int64 {
	return &b.slots[maphash.String(b.seed, key)%uint64(len(b.slots))]
}

// told takes note of an event.
func (b *leaseBook) told(e driver.Event) {
	switch e.Kind {
	case driver.Changed:
		if key, ok := leasedKey(e.Key); ok {
			b.slot(key).Store(int64(sinceStart() + newsLasts))
			b.wake(key)
		}
	case driver.Gap:
		b.alive.Store(0)
		b.wakeAll()
	case driver.Alive:
		if b.alive.Load() == 0 {
			b.blurred.Store(int64(sinceStart() + newsLasts))
		}
		b.alive.Store(int64(e.Until.Sub(start)))
	}
}

// live tells whether news of leases comes. A program that has just begun knows nothing, however little time has passed.
func (b *leaseBook) live() bool {
	alive := b.alive.Load()
	return alive != 0 && int64(sinceStart())-alive < int64(driver.AliveWithin)
}

// clear tells whether there are no other leases than those that the book has.
func (b *leaseBook) clear() bool {
	return b.live() && int64(sinceStart()) > b.blurred.Load()
}

// mayExist tells whether there may be a lease on key.
func (b *leaseBook) mayExist(key string) bool {
	until := b.slot(key).Load()
	return until != 0 && until > int64(sinceStart())
}

func (b *leaseBook) wake(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wake(b.waiters[key])
}

func (b *leaseBook) wakeAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, waiting := range b.waiters {
		wake(waiting)
	}
}

func wake(waiting map[chan struct{}]struct{}) {
	for ch := range waiting {
		select {
		case ch <- struct{}{}:
		default: // has been woken already
		}
	}
}

// wait returns a channel that gets something when key's lease changes from now on.
func (b *leaseBook) wait(key string) (woken <-chan struct{}, leave func()) {
	ch := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiters[key] == nil {
		b.waiters[key] = map[chan struct{}]struct{}{}
	}
	b.waiters[key][ch] = struct{}{}
	return ch, func() { b.leave(key, ch) }
}

func (b *leaseBook) leave(key string, ch chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiters[key], ch)
	if len(b.waiters[key]) == 0 {
		delete(b.waiters, key)
	}
}
