package sqlite

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
)

// job is something to do in a write transaction.
type job interface {
	// apply does it, and keeps its answer in the job. It returns only SQLite's errors: the transaction
	// is then rolled back, and apply may be called again in another one. What is wrong with
	// the job itself (no number, too large) is part of the answer, and must leave the file as it was.
	apply(s *session) error
	// size is about how many bytes it writes.
	size() int
}

// The states of a request. Whoever moves it out of queued or running owns it: the writer answers only what it
// has moved to answered, and a caller that has moved it to left takes no answer and never looks at the job
// again.
const (
	queued   int32 = iota // the caller may withdraw it
	running               // taken up by the writer
	answered              // done is about to be signalled
	left                  // the caller has gone
)

// request is a job on its way from a caller to the writer and back.
type request struct {
	job   job
	since time.Time // when it was queued
	state atomic.Int32
	err   error
	done  chan struct{}
}

var requests = sync.Pool{New: func() any { return &request{done: make(chan struct{}, 1)} }}

// answer gives the caller its result, if it is still there.
func (r *request) answer(err error) {
	r.err = err
	if r.state.CompareAndSwap(running, answered) {
		r.done <- struct{}{}
	}
}

// queue holds the requests that the writer has not taken up.
type queue struct {
	mu        sync.Mutex
	waiting   []*request
	withdrawn int // how many of waiting have been left by their callers
	closed    bool
	wake      chan struct{} // signalled when waiting is no longer empty
}

// do hands j to the writer and waits for the answer, which is in j if the error is nil.
func (q *queue) do(ctx context.Context, j job) error {
	r := requests.Get().(*request)
	r.job, r.err, r.since = j, nil, time.Now()
	r.state.Store(queued)
	if !q.push(r) {
		return driver.ErrClosed
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		switch {
		case r.state.CompareAndSwap(queued, left):
			q.forget()
			return ctx.Err()
		case r.state.CompareAndSwap(running, left):
			return underWay(ctx)
		}
		<-r.done // answered: the signal follows at once
	}
	err := r.err
	r.job = nil
	requests.Put(r)
	return err
}

func (q *queue) push(r *request) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.waiting = append(q.waiting, r)
	first := len(q.waiting) == 1
	q.mu.Unlock()
	if first {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// forget drops the requests that were withdrawn once they are the larger part: while another process holds
// the lock for long, callers come and go and nothing else empties the queue.
func (q *queue) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.withdrawn++
	if q.withdrawn > 64 && q.withdrawn > len(q.waiting)/2 {
		q.filter(func(r *request) bool { return r.state.Load() == queued })
		q.withdrawn = 0
	}
}

// filter keeps the waiting requests for which keep is true.
func (q *queue) filter(keep func(*request) bool) {
	kept := q.waiting[:0]
	for _, r := range q.waiting {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	clear(q.waiting[len(kept):])
	q.waiting = kept
}

// take moves the requests that fit into one transaction to group, oldest first.
func (q *queue) take(group []*request) []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, bytes := 0, 0
	for n < len(q.waiting) && n < groupRequests && bytes < groupBytes {
		bytes += q.waiting[n].job.size()
		n++
	}
	group = append(group, q.waiting[:n]...)
	if rest := copy(q.waiting, q.waiting[n:]); rest == 0 {
		q.withdrawn = 0
	}
	clear(q.waiting[len(q.waiting)-n:])
	q.waiting = q.waiting[:len(q.waiting)-n]
	return group
}

// fail answers with err every request that has waited since before the given time.
func (q *queue) fail(before time.Time, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.filter(func(r *request) bool {
		if r.since.After(before) {
			return true
		}
		if r.state.CompareAndSwap(queued, running) {
			r.answer(err)
		}
		return false
	})
}

// failAll answers with err every request, and if final makes the queue take no others.
func (q *queue) failAll(err error, final bool) {
	q.mu.Lock()
	q.closed = q.closed || final
	q.mu.Unlock()
	q.fail(time.Now(), err)
}

func (q *queue) empty() bool {
	return q.len() == 0
}

// gather lets callers run for as long as that brings more requests. Those that were answered last are about to ask
// again, and a transaction for many costs little more than one for the first of them: without this a writer and 16
// callers on two processors make groups of 2 or 3.
func (q *queue) gather() {
	for n, more := 0, q.len(); more > n && more < groupRequests; more = q.len() {
		n = more
		runtime.Gosched()
	}
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
