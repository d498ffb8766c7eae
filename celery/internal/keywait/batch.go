package keywait

import (
	"errors"
	"time"

	"github.com/larder-go/larder/driver"
)

// batch is a request, and what became of it.
type batch struct {
	poller  *poller
	topics  []asked
	results []driver.Result // of the first keys; the others have not been asked for
	err     error           // concerns all
	took    time.Duration
	late    bool // who has no answer was not waited for
}

// asked is a topic of a batch.
type asked struct {
	topic    *topic
	messages int // when it began
}

// read makes a request, and tells what it found.
func (p *poller) read(topics []asked) {
	keys := make([]string, len(topics))
	for i, a := range topics {
		keys[i] = a.topic.key
	}
	ctx, cancel := p.context()
	defer cancel()
	began := time.Now()
	results, err := readMany(ctx, p.w.store, keys)
	if p.w.fail(err) {
		return
	}
	b := &batch{poller: p, topics: topics, results: results, err: err, took: time.Since(began), late: ctx.Err() != nil}
	outcomes := b.outcomes()
	for _, o := range outcomes {
		if p.w.fail(o.fault) {
			return
		}
	}
	much := volume(results) > muchBytes
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	b.adapt(much)
	b.settle(outcomes)
}

// adapt learns for the next request. The mutex of the Waiter is held.
func (b *batch) adapt(much bool) {
	p := b.poller
	switch {
	case b.err != nil && b.late:
		p.size.shrink()
	case b.err != nil && !(len(b.topics) == 1 && ofTheKey(b.err)):
		p.pause = p.w.now() + p.size.failed()
	default:
		if p.size.succeeded(); much {
			p.size.shrink()
		}
	}
}

// outcome is what a read was good for: an update (none if there is nothing) or a fault.
type outcome struct {
	update update
	fault  error
}

func (b *batch) outcomes() []outcome {
	w := b.poller.w
	if b.err != nil {
		outcomes := make([]outcome, len(b.topics))
		for i := range outcomes {
			outcomes[i] = w.outcome(nil, b.err, len(b.topics) == 1)
		}
		return outcomes
	}
	outcomes := make([]outcome, len(b.results))
	for i, r := range b.results {
		outcomes[i] = w.outcome(r.Value, r.Err, true)
	}
	return outcomes
}

// outcome judges what was read. own tells whether err is about one key only.
func (w *Waiter) outcome(value []byte, err error, own bool) outcome {
	switch {
	case errors.Is(err, driver.ErrMiss):
		return outcome{}
	case err == nil, own && ofTheKey(err):
		return outcome{update: w.update(value, err)}
	}
	return outcome{fault: err}
}

// settle tells what was found. The mutex of the Waiter is held, as for all that follow.
func (b *batch) settle(outcomes []outcome) {
	b.poller.reading -= len(b.topics)
	answered, w, now := b.answered(outcomes), b.poller.w, b.poller.w.now()
	for i, a := range b.topics {
		t := a.topic
		t.reading = false
		again := t.again
		t.again = false
		switch {
		case t.ended():
		case i >= len(outcomes):
			b.poller.put(t, now)
		case outcomes[i].fault == nil:
			w.found(t, outcomes[i].update, a.messages)
			answered.put(t, w.due(t, again, now))
		case b.late:
			b.poller.next.put(t, now)
		default:
			b.failed(t, outcomes[i].fault, now)
		}
	}
}

// answered is the poller of the keys that were answered. It is not the one of the healthy keys if the store
// takes long for these. If it was others that it took long for, nobody knows.
func (b *batch) answered(outcomes []outcome) *poller {
	p, w := b.poller, b.poller.w
	all := len(outcomes) == len(b.topics)
	for _, o := range outcomes {
		all = all && o.fault == nil
	}
	if all {
		w.latency += (b.took - w.latency) / 8
	}
	switch {
	case p == w.untried, p == w.healthy, b.took <= w.healthy.limit():
		return w.healthy
	case !all:
		return w.untried
	}
	return p
}

// failed has t read again after a pause, and not together with those that are well.
func (b *batch) failed(t *topic, fault error, now time.Duration) {
	t.faults, t.fault = t.faults+1, fault
	p := b.poller
	if p == p.w.untried || p == p.w.healthy {
		p = p.next
	}
	p.put(t, now+backoff(t.faults))
}
