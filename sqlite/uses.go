package sqlite

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// useInterval is how often at most the use of one entry is written.
	useInterval = time.Minute
	// maxUses bounds the uses that are noted in memory: about 4 MiB.
	maxUses = 65536
	// usesBatch is how many of them one transaction writes.
	usesBatch = 500
)

// uses notes which rows were read, for eviction. It remembers the last use of the rows used most recently, and
// separately those whose use is to be written: the row itself tells when that was done last, whoever did it.
type uses struct {
	on      atomic.Bool // some process wants to know
	pending atomic.Int64

	mu      sync.Mutex
	recent  map[int64]int64 // row id to moment of use; in two generations, the older is dropped when the
	older   map[int64]int64 // younger is full
	toWrite map[int64]int64
}

func newUses() *uses {
	return &uses{recent: map[int64]int64{}, toWrite: map[int64]int64{}}
}

// note remembers that row id was used now; written is what the row says of its last use.
func (u *uses) note(id, written, now int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.recent) >= maxUses/2 {
		u.recent, u.older = make(map[int64]int64, maxUses/2), u.recent
	}
	u.recent[id] = now
	if now-written < useInterval.Milliseconds() || len(u.toWrite) >= maxUses/2 {
		return
	}
	u.toWrite[id] = now
	u.pending.Store(int64(len(u.toWrite)))
}

// last returns the moment of the row's last use that is remembered, or 0.
func (u *uses) last(id int64) int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if at, ok := u.recent[id]; ok {
		return at
	}
	return u.older[id]
}

// waiting tells whether there are uses to write.
func (u *uses) waiting() bool { return u.pending.Load() > 0 }

// take returns some of the uses to write. What the file then does not accept (a rollback) is not
// noted again: the entry's next use is.
func (u *uses) take(n int) map[int64]int64 {
	if !u.waiting() {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	batch := make(map[int64]int64, min(n, len(u.toWrite)))
	for id, at := range u.toWrite {
		if len(batch) == n {
			break
		}
		batch[id] = at
		delete(u.toWrite, id)
	}
	u.pending.Store(int64(len(u.toWrite)))
	return batch
}
