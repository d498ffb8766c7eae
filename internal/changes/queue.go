package changes

import (
	"sync"

	"github.com/larder-go/larder/driver"
)

// Bounds are how much waits for a consumer at most. What does not fit becomes a gap.
type Bounds struct {
	Keys  int
	Bytes int // of the keys together
}

// Queue is what a driver.Watcher has told and nobody has taken yet: each key once, in the order of their first change. A gap takes the
// place of everything that was waiting: who is told of one trusts nothing any more.
type Queue struct {
	cut    int
	bounds Bounds
	news   chan struct{} // has room for one

	mu      sync.Mutex
	waiting map[string]struct{}
	order   []string
	bytes   int
	gap     bool
	deaf    bool // a Gap was told and no Alive since
}

// New returns a Queue for a watch of keys whose first cut bytes say nothing to the consumer. It begins deaf: the first Alive makes a
// gap, from which on nothing is missed.
func New(cut int, b Bounds) *Queue {
	return &Queue{cut: cut, bounds: b, news: make(chan struct{}, 1), deaf: true}
}

// Tell is for driver.Watcher. It is quick, and waits for no consumer.
func (q *Queue) Tell(e driver.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case e.Kind == driver.Changed && len(e.Key) >= q.cut:
		q.add(e.Key[q.cut:])
	case e.Kind == driver.Gap && !q.deaf: // an engine may tell of each attempt to connect that has failed
		q.deaf = true
		q.miss()
	case e.Kind == driver.Alive && q.deaf:
		// The consumer has heard of the gap, and may have read anew:
		//
		//	the connection is lost; the consumer forgets key, and reads it
		//	another process writes key, which nobody tells
		//	the connection is there again
		//
		// and would never hear of that write.
		q.deaf = false
		q.miss()
	}
}

func (q *Queue) add(key string) {
	if _, waits := q.waiting[key]; waits {
		return
	}
	if len(q.order) >= q.bounds.Keys || q.bytes+len(key) > q.bounds.Bytes {
		q.miss()
		return
	}
	if q.waiting == nil {
		q.waiting = map[string]struct{}{}
	}
	q.waiting[key] = struct{}{}
	q.order = append(q.order, key)
	q.bytes += len(key)
	q.wake()
}

// miss makes a gap of all that waits.
func (q *Queue) miss() {
	q.empty()
	q.gap = true
	q.wake()
}

func (q *Queue) empty() {
	q.waiting, q.order, q.bytes, q.gap = nil, nil, 0, false
}

func (q *Queue) wake() {
	select {
	case q.news <- struct{}{}:
	default: // there is word of it already
	}
}

// News has something in it when there may be something to take.
func (q *Queue) News() <-chan struct{} { return q.news }

// Take returns what waits, without the bytes that were to be cut off, and whether there was a gap before all of it.
func (q *Queue) Take() (keys []string, gap bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	keys, gap = q.order, q.gap
	q.empty()
	return keys, gap
}
