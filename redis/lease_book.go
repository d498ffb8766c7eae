package redis

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
)

// leaseBook is what this process has been told of leases. The server tells every connection of each lease that is made, renewed,
// used or given back (CLIENT TRACKING with BCAST on leasePrefix), in the same stream as its answers. So a SET need not carry
// a command along that deletes a lease which hardly ever exists:
//
//	another process takes a lease on k and loads
//	                                               SET k is executed: k stands, which is enough to keep the load from being stored
//	                                               the news of the lease comes, then the answer to SET
//	                                               SET's caller finds the lease in the book, and deletes it
//	k is deleted by a program that knows no leases
//	the load ends: its lease is gone, it is not stored
//
// A lease that was made in the very turn of the server's loop in which the SET came is told after the answer. Then only the
// entry itself voids it.
type leaseBook struct {
	seed    maphash.Seed
	slots   [1 << 14]atomic.Int64 // by a hash of the key: until when there may be a lease, in Unix nanoseconds
	blurred atomic.Int64          // until when there may be any lease

	mu      sync.Mutex
	waiters map[string]map[chan struct{}]struct{}
}

func newLeaseBook() *leaseBook {
	return &leaseBook{seed: maphash.MakeSeed(), waiters: map[string]map[chan struct{}]struct{}{}}
}

func (b *leaseBook) slot(key string) *atomic.Int64 {
	return &b.slots[maphash.String(b.seed, key)%uint64(len(b.slots))]
}

// mayExist tells whether there may be a lease on key.
func (b *leaseBook) mayExist(key string) bool {
	until := max(b.slot(key).Load(), b.blurred.Load())
	return until != 0 && until > time.Now().UnixNano()
}

// changed notes that key's lease is not what it was, and wakes who waits for it.
func (b *leaseBook) changed(key string) {
	b.slot(key).Store(time.Now().Add(driver.MaxLease).UnixNano())
	b.mu.Lock()
	defer b.mu.Unlock()
	wake(b.waiters[key])
}

// missed notes that nothing is known of any lease.
func (b *leaseBook) missed() {
	b.blurred.Store(time.Now().Add(driver.MaxLease).UnixNano())
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
