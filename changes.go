package larder

import (
	"sync"

	"github.com/larder-go/larder/driver"
)

// changes are those that wait for the consumer of a watch.
type changes struct {
	cut  int           // how many bytes of each key stand before the consumer's part of it
	news chan struct{} // has room for one

	mu      sync.Mutex
	waiting []Change
	bytes   int
	deaf    bool // a Gap was told and no Alive since
}

// newChanges begins deaf: the first Alive tells that nothing is missed from there on.
func newChanges(cut int) *changes {
	return &changes{cut: cut, news: make(chan struct{}, 1), deaf: true}
}

// told is called by the engine, one call at a time.
func (q *changes) told(e driver.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case e.Kind == driver.Changed && len(e.Key) >= q.cut:
		q.add(Change{Key: e.Key[q.cut:]})
	case e.Kind == driver.Gap && !q.deaf: // an engine may tell of each attempt to connect that has failed
		q.deaf = true
		q.gap()
	case e.Kind == driver.Alive && q.deaf:
		// The consumer has heard of the gap, and may have read anew:
		//
		//	the connection is lost; the consumer forgets key, and reads it
		//	another process writes key, which nobody tells
		//	the connection is there again
		//
		// and would never hear of that write.
		q.deaf = false
		q.gap()
	}
}

// add makes a gap of everything where there is no room.
func (q *changes) add(ch Change) {
	if len(q.waiting) >= watchRoom || q.bytes+len(ch.Key) > watchBytes {
		q.gap()
		return
	}
	q.waiting = append(q.waiting, ch)
	q.bytes += len(ch.Key)
	q.tell()
}

// gap takes the place of everything that waits.
func (q *changes) gap() {
	q.waiting = append(q.waiting[:0], Change{Gap: true})
	q.bytes = 0
	q.tell()
}

func (q *changes) tell() {
	select {
	case q.news <- struct{}{}:
	default: // has been told already
	}
}

// take returns what waits, oldest first.
func (q *changes) take() []Change {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := q.waiting
	q.waiting, q.bytes = nil, 0
	return waiting
}
