package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/larder-go/larder/driver"
)

// The bounds of one transaction. They keep the time short for which other processes wait.
const (
	groupRequests = 2000
	groupBytes    = 8 << 20
	groupTime     = 20 * time.Millisecond
)

// tick is how often the writer looks for what has expired, is over the limit, or was used.
const tick = time.Second

// Another process polls for the lock and could wait for ever while this one commits without a
// break. So after holdTime the writer makes one that is longer than the longest poll.
const (
	holdTime  = 50 * time.Millisecond
	breakTime = 1200 * time.Microsecond
	pollFirst = 50 * time.Microsecond
	pollLast  = time.Millisecond
)

// errStopped ends whatever the writer waits for.
var errStopped = errors.New("stopped")

// writer is the goroutine that owns the connection that writes. It takes whatever requests are waiting, does them in one
// transaction, and answers each after the commit.
type writer struct {
	queue   queue
	session *session
	busy    time.Duration
	path    string
	stop    chan struct{}
	ended   chan struct{}
	group   []*request
	freeAt  time.Time // when the lock was last let go for other processes
}

func newWriter(s *session, path string, busy time.Duration) *writer {
	w := &writer{session: s, busy: busy, path: path, stop: make(chan struct{}), ended: make(chan struct{})}
	w.queue.wake = make(chan struct{}, 1)
	return w
}

func (w *writer) run() {
	defer close(w.ended)
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case <-w.stop:
			w.queue.failAll(driver.ErrClosed, true)
			w.session.drop()
			return
		case <-w.queue.wake:
		case <-ticks.C:
			w.session.look()
		}
		w.serve()
	}
}

// close ends the goroutine. What is in a transaction is finished, what waits is answered ErrClosed.
func (w *writer) close() {
	close(w.stop)
	<-w.ended
}

func (w *writer) stopped() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

// serve runs transactions until there is nothing to do.
func (w *writer) serve() {
	w.freeAt = time.Now()
	for !w.stopped() && (!w.queue.empty() || w.session.due()) {
		if !w.transaction() && w.queue.empty() {
			return
		}
		if time.Since(w.freeAt) > holdTime {
			w.pause(breakTime)
			w.freeAt = time.Now()
		}
	}
}

// transaction does one group of requests. It returns false if there was no way to begin.
func (w *writer) transaction() bool {
	w.queue.gather()
	if err := w.begin(false); err != nil {
		return false
	}
	w.group = w.queue.take(w.group[:0])
	n, err := w.apply(w.group)
	if err == nil {
		err = w.session.commit()
	}
	switch {
	case err == nil:
		for _, r := range w.group[:n] {
			r.answer(nil)
		}
		w.putBack(w.group[n:])
	case errors.As(err, new(*uncertain)):
		w.answerAll(w.group[:n], err)
		w.putBack(w.group[n:])
	default:
		w.oneByOne(w.group)
	}
	clear(w.group)
	return err == nil || n > 0
}

// apply does the requests of a group until its time is over, and then some housekeeping. It returns how
// many it has done or tried; the rest has not been touched. On an error the transaction is rolled back.
func (w *writer) apply(group []*request) (int, error) {
	end := time.Now().Add(groupTime)
	for i, r := range group {
		if i%32 == 31 && time.Now().After(end) {
			return i, w.session.housekeeping()
		}
		if !r.state.CompareAndSwap(queued, running) {
			continue // withdrawn
		}
		if err := r.job.apply(w.session); err != nil {
			return i + 1, w.session.abort(err)
		}
	}
	return len(group), w.session.housekeeping()
}

// oneByOne repeats a group that failed, each request in a transaction of its own, so that one that
// cannot be done (a value for which the disk has no room) does not fail the others.
func (w *writer) oneByOne(group []*request) {
	for _, r := range group {
		if !r.state.CompareAndSwap(queued, running) && r.state.Load() != running {
			continue // its caller has left
		}
		r.answer(w.alone(r))
	}
}

func (w *writer) alone(r *request) error {
	if w.stopped() {
		return driver.ErrClosed
	}
	if err := w.begin(true); err != nil {
		return w.explain(err)
	}
	if err := r.job.apply(w.session); err != nil {
		return w.explain(w.session.abort(err))
	}
	if err := w.session.commit(); err != nil {
		return w.explain(err)
	}
	return nil
}

func (w *writer) answerAll(group []*request, err error) {
	err = w.explain(err)
	for _, r := range group {
		r.answer(err)
	}
}

func (w *writer) explain(err error) error {
	if errors.Is(err, errStopped) {
		return driver.ErrClosed
	}
	return explain(w.path, err)
}

// putBack returns requests that the transaction had no time for to the head of the queue.
func (w *writer) putBack(rest []*request) {
	if len(rest) == 0 {
		return
	}
	q := &w.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(append(make([]*request, 0, len(rest)+len(q.waiting)), rest...), q.waiting...)
}

// begin takes the write lock. The requests stay in the queue meanwhile, so that they can be withdrawn; those
// that have waited for busy_timeout are answered. It gives up when none is left, or, for a request that is
// in the queue no longer, after busy_timeout.
func (w *writer) begin(alone bool) error {
	poll, started, reopened := pollFirst, time.Now(), false
	for {
		err := w.session.begin()
		switch {
		case err == nil:
			return nil
		case isBusy(err):
			w.queue.fail(time.Now().Add(-w.busy), w.waitedTooLong(err))
			if alone && time.Since(started) > w.busy || !alone && w.queue.empty() {
				return err
			}
		case reopened:
			w.queue.failAll(w.explain(err), false)
			return err
		default:
			reopened = true // a connection that is broken is dropped: try with a new one
			continue
		}
		if !w.pause(poll) {
			return errStopped
		}
		poll = min(poll*2, pollLast)
	}
}

func (w *writer) waitedTooLong(err error) error {
	return fmt.Errorf("waited for busy_timeout=%v: %w", w.busy, w.explain(err))
}

// pause waits, and returns false if the writer is to stop.
func (w *writer) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-w.stop:
		return false
	case <-t.C:
		return true
	}
}

// uncertain is a failed commit of which nobody can say whether it took place.
type uncertain struct{ err error }

func (e *uncertain) Error() string {
	return "the commit failed, it is not known whether the write takes place after a crash: " + e.err.Error()
}

func (e *uncertain) Unwrap() error { return e.err }

// background is for statements that are short: a context that can end would cost a goroutine each.
var background = context.Background()
