package keywait

import (
	"context"
	"time"
)

const (
	perRead   = 1000    // keys of one request
	muchBytes = 8 << 20 // of values in one reply: the next request is for fewer keys
	perPoller = 4       // requests under way

	// grace is how long a key is not read that is just being subscribed to.
	grace = 100 * time.Millisecond
	// overlap is how long a poller waits for a reply before it sends a request for other keys; overlapNew is
	// the same with new keys, which hardly ever come at the same time.
	overlap    = 10 * time.Millisecond
	overlapNew = 2 * time.Millisecond

	shortTimeout = 50 * time.Millisecond  // of keys that have been read in it, and of new ones
	longTimeout  = 500 * time.Millisecond // of those that have not
)

// poller reads keys when they are due, many at once. A request that takes long delays only its own keys, and
// them for no longer than its timeout: those without an answer by then go to the next poller, which has more
// time.
//
// There are four. Of a new key nobody knows yet whether its server is well, so that it is read apart from the
// healthy ones. The slow ones are on a server that does not answer in good time, and the failing ones on one
// that does not answer at all: they wait for as long as the store does.
type poller struct {
	w       *Waiter
	wake    chan struct{}
	busy    chan struct{} // as many as there are requests under way
	timeout time.Duration // at least; 0: the store's
	next    *poller       // reads what was not answered in time

	// Guarded by the mutex of the Waiter.
	due     schedule
	reading int // topics
	size    batchSize
	pause   time.Duration // until then the store is better left alone
}

func newPoller(w *Waiter, timeout time.Duration, next *poller) *poller {
	return &poller{
		due: newSchedule(),
		w:   w, wake: make(chan struct{}, 1), busy: make(chan struct{}, perPoller),
		timeout: timeout, next: next, size: batchSize{most: perRead},
	}
}

func (p *poller) run() {
	for p.enter() {
		topics, wait := p.take()
		if len(topics) == 0 {
			<-p.busy
			p.w.sleep(wait, p.wake)
			continue
		}
		done := make(chan struct{})
		p.w.running.Go(func() {
			p.read(topics)
			<-p.busy
			close(done)
		})
		if p == p.w.untried {
			p.w.sleep(overlapNew, done)
		} else {
			p.w.sleep(overlap, done)
		}
	}
}

// enter returns when there is room for a request, and tells whether the Waiter goes on.
func (p *poller) enter() bool {
	select {
	case p.busy <- struct{}{}:
	case <-p.w.ctx.Done():
	}
	return p.w.ctx.Err() == nil
}

// limit is how long a request may take, but for 0. The mutex of the Waiter is held, as for all that follow.
//
// Where a store needs long for everything there is no point in asking it twice.
func (p *poller) limit() time.Duration {
	if p.timeout == 0 {
		return 0
	}
	return max(p.timeout, min(longTimeout, 4*p.w.latency))
}

// put has p read t when it is due.
func (p *poller) put(t *topic, due time.Duration) {
	t.poller = p
	if p.due.put(t, due) {
		signal(p.wake)
	}
}

// readNow has t read as soon as possible, and told of what is there at a moment from now on.
func (w *Waiter) readNow(t *topic) {
	t.asked = true
	if t.reading {
		t.again = true
		return
	}
	t.poller.due.remove(t)
	t.poller.put(t, w.now())
}

// most is for how many keys the next request is. New ones are spread over several while some server is not
// well: it may be theirs.
func (p *poller) most() int {
	if p == p.w.untried && p.w.degraded() {
		return min(p.size.now(), 1+p.due.topics/perPoller)
	}
	return p.size.now()
}

// degraded tells whether there are keys that are not answered in good time.
func (w *Waiter) degraded() bool {
	for _, p := range w.pollers[2:] {
		if p.due.topics+p.reading > 0 {
			return true
		}
	}
	return false
}

// take returns topics that are due. If there are none it returns for how long.
func (p *poller) take() (topics []asked, wait time.Duration) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	now := p.w.now()
	if wait = p.pause - now; wait > 0 {
		return nil, wait
	}
	for most := p.most(); p.due.topics > 0 && len(topics) < most; {
		t, due := p.due.next()
		if wait = due - now; wait > 0 {
			return topics, wait
		}
		p.due.remove(t)
		t.reading, t.asked = true, true
		p.reading++
		topics = append(topics, asked{t, t.messages})
	}
	return topics, time.Hour // and then there is nothing to do
}

// context returns one for a request that begins now. The mutex of the Waiter is not held.
func (p *poller) context() (context.Context, context.CancelFunc) {
	p.w.mu.Lock()
	limit := p.limit()
	p.w.mu.Unlock()
	if limit == 0 {
		return p.w.ctx, func() {}
	}
	return context.WithTimeout(p.w.ctx, limit)
}
