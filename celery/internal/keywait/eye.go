package keywait

import (
	"container/heap"
	"context"
	"time"
)

const (
	perRead   = 1000    // keys of one request
	muchBytes = 8 << 20 // of values in one reply: the next request is for fewer keys
	perEye    = 4       // requests under way

	// grace is how long a key that is to be heard is not read before it is.
	grace = 100 * time.Millisecond
	// tarry is how long an eye waits for a reply before it goes on with other keys; hurry is the same with new keys, which hardly
	// ever come at the same time.
	tarry = 10 * time.Millisecond
	hurry = 2 * time.Millisecond

	quick = 50 * time.Millisecond  // the patience with keys that have been read in it, and with new ones
	slow  = 500 * time.Millisecond // with those that have not
)

// eye reads keys when they are due, many at once. A request that takes long keeps only its own keys waiting, and them for no longer
// than its patience: whoever has no answer by then is read by another eye.
type eye struct {
	w        *Waiter
	wake     chan struct{}
	busy     chan struct{} // as many as there are requests under way
	patience time.Duration // at least; 0: the store's
	below    *eye          // reads what was not answered in time

	// Guarded by the mutex of the Waiter.
	due   agenda
	read  int // topics that are being read
	pace  pace
	until time.Time // the store is better left alone
}

func newEye(w *Waiter, patience time.Duration, below *eye) *eye {
	return &eye{
		w: w, wake: make(chan struct{}, 1), busy: make(chan struct{}, perEye),
		patience: patience, below: below, pace: pace{most: perRead},
	}
}

// glance is a read of one topic.
type glance struct {
	topic    *topic
	messages int // when it began
}

func (e *eye) run() {
	for e.enter() {
		glances, wait := e.next()
		if len(glances) == 0 {
			<-e.busy
			e.w.sleep(wait, e.wake)
			continue
		}
		done := make(chan struct{})
		e.w.running.Go(func() {
			e.look(glances)
			<-e.busy
			close(done)
		})
		if e == e.w.fresh {
			e.w.sleep(hurry, done)
		} else {
			e.w.sleep(tarry, done)
		}
	}
}

// enter returns when there is room for a request, and tells whether the Waiter goes on.
func (e *eye) enter() bool {
	select {
	case e.busy <- struct{}{}:
	case <-e.w.ctx.Done():
	}
	return e.w.ctx.Err() == nil
}

// limit is how long a request may take, but for 0. The mutex of the Waiter is held, as for all that follow.
//
// Where a store needs long for everything there is no point in asking it twice.
func (e *eye) limit() time.Duration {
	if e.patience == 0 {
		return 0
	}
	return max(e.patience, min(slow, 4*e.w.usual))
}

// put has e read t in a while.
func (e *eye) put(t *topic, in time.Duration) {
	t.due, t.eye = time.Now().Add(in), e
	heap.Push(&e.due, t)
	if e.due[0] == t {
		nudge(e.wake)
	}
}

func (e *eye) drop(t *topic) { heap.Remove(&e.due, t.at) }

// readNow has t read as soon as possible, and told of what is there at a moment from now on.
func (w *Waiter) readNow(t *topic) {
	t.looked = true
	if t.reading {
		t.again = true
		return
	}
	t.eye.drop(t)
	t.eye.put(t, 0)
}

// size is for how many keys the next request is. New ones are spread over several while some server is not well: it may be theirs.
func (e *eye) size() int {
	if e == e.w.fresh && e.w.unwell() {
		return min(e.pace.size(), 1+len(e.due)/perEye)
	}
	return e.pace.size()
}

// unwell tells whether there are keys that are not read with those of the sound eye.
func (w *Waiter) unwell() bool {
	for _, e := range w.eyes[2:] {
		if len(e.due)+e.read > 0 {
			return true
		}
	}
	return false
}

// next takes topics that are due. If there are none it returns for how long.
func (e *eye) next() (glances []glance, wait time.Duration) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	now := time.Now()
	if wait = e.until.Sub(now); wait > 0 {
		return nil, wait
	}
	for most := e.size(); len(e.due) > 0 && len(glances) < most; {
		t := e.due[0]
		if wait = t.due.Sub(now); wait > 0 {
			return glances, wait
		}
		heap.Pop(&e.due)
		t.reading, t.looked = true, true
		e.read++
		glances = append(glances, glance{t, t.messages})
	}
	return glances, time.Hour // and then it looks for nothing
}

// allow returns a context for a request that begins now. The mutex of the Waiter is not held.
func (e *eye) allow() (context.Context, context.CancelFunc) {
	e.w.mu.Lock()
	limit := e.limit()
	e.w.mu.Unlock()
	if limit == 0 {
		return e.w.ctx, func() {}
	}
	return context.WithTimeout(e.w.ctx, limit)
}
