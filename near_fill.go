package larder

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
)

// stripe counts the invalidations of keys, of many keys by one number.
type stripe struct {
	mu    sync.Mutex
	epoch uint64
	_     [48]byte // a cache line of its own
}

// stripe returns that of a key.
func (n *near) stripe(key string) *stripe {
	return &n.stripes[maphash.String(n.seed, key)%uint64(len(n.stripes))]
}

// ticket is the right to keep a copy of what is going to be read. It is taken before the read is sent, and void once the key
// is invalidated. Without it this schedule keeps a value that has been replaced, and nobody would ever tell again:
//
//	reader: asks the engine for key, gets 1
//	                                        another process writes 2
//	                                        its invalidation arrives: there is no copy to drop
//	reader: keeps 1
//
// Nor is it enough to compare and then to keep: the invalidation could come in between. So both are one step, under the lock
// that the invalidation takes too. And there is no ticket while the watch does not work: what is read before it works again is
// not watched from the moment of its reading.
type ticket struct {
	stripe *stripe // nil: none
	epoch  uint64
	sent   int64 // nanoseconds since start
}

// begin gives out a ticket for a key.
func (n *near) begin(key string) ticket {
	now := n.now()
	if !n.usable(now) {
		return ticket{}
	}
	s := n.stripe(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	return ticket{s, s.epoch, now}
}

// keep stores a copy, unless its ticket is void. ttl is the lifetime that the entry had left when it was read (0: no expiry;
// unknown): counted from before the question, so that the copy ends before the entry does.
func (n *near) keep(t ticket, key string, v driver.Value, ttl time.Duration) {
	if t.stripe == nil {
		return
	}
	c := &nearCopy{v, n.end(t.sent, ttl)}
	t.stripe.mu.Lock()
	defer t.stripe.mu.Unlock()
	if t.stripe.epoch == t.epoch {
		_ = n.copies.SetLive("", key, c, 0) // one that is too large is not kept
	}
}

// unknown is the lifetime of an entry whose engine cannot tell.
const unknown time.Duration = -1

// end is when the copy ends of an entry that had ttl left at the moment sent, or later.
func (n *near) end(sent int64, ttl time.Duration) int64 {
	if n.unwatched.Load() || ttl == unknown {
		if ttl <= 0 || ttl > n.ttl {
			ttl = n.ttl
		}
	}
	if ttl == 0 {
		return endless
	}
	return sent + int64(ttl)
}

// drop forgets a key, and voids the tickets for it. Each method of engine that changes a key calls it before the change, so that
// nobody who hears of the change from elsewhere still reads the old value here, and after it, whatever came of it. Before is not
// enough:
//
//	writer: drops key, sends 2
//	reader: takes a ticket, asks, gets 1, keeps it
//	the engine stores 2, and answers the writer
//	writer: reads key, gets 1
func (n *near) drop(key string) {
	if n == nil {
		return
	}
	s := n.stripe(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
	_, _ = n.copies.Delete(context.Background(), key) // fails only once it is closed, and empty
}

// dropKeys is drop for many.
func (n *near) dropKeys(keys []string) {
	if n == nil {
		return
	}
	for _, key := range keys {
		n.drop(key)
	}
}

// dropItems is drop for what is written.
func (n *near) dropItems(items []driver.Item) {
	if n == nil {
		return
	}
	for _, it := range items {
		n.drop(it.Key)
	}
}

// dropPrefix forgets every key that begins with prefix. First the tickets are voided: a copy that is kept before that is there
// when the walk begins, and one that is not is not kept.
func (n *near) dropPrefix(prefix string) {
	if n == nil {
		return
	}
	for i := range n.stripes {
		s := &n.stripes[i]
		s.mu.Lock()
		s.epoch++
		s.mu.Unlock()
	}
	if prefix == "" {
		_, _ = n.copies.ClearAll(context.Background())
	} else {
		_, _ = n.copies.Clear(context.Background(), prefix)
	}
}
