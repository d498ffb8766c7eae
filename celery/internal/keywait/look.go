package keywait

import (
	"errors"
	"time"

	"github.com/larder-go/larder/driver"
)

// look is a request, and what became of it.
type look struct {
	eye     *eye
	glances []glance
	results []driver.Result // of the first keys; the others have not been asked for
	err     error           // concerns all
	took    time.Duration
	late    bool // who has no answer was not waited for
}

// look reads.
func (e *eye) look(glances []glance) {
	keys := make([]string, len(glances))
	for i, g := range glances {
		keys[i] = g.topic.key
	}
	ctx, cancel := e.allow()
	defer cancel()
	began := time.Now()
	results, err := readMany(ctx, e.w.store, keys)
	if e.w.fail(err) {
		return
	}
	l := &look{eye: e, glances: glances, results: results, err: err, took: time.Since(began), late: ctx.Err() != nil}
	outcomes := l.outcomes()
	for _, o := range outcomes {
		if e.w.fail(o.fault) {
			return
		}
	}
	much := volume(results) > muchBytes
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	l.adapt(much)
	l.settle(outcomes)
}

// adapt learns for the next request. The mutex of the Waiter is held.
func (l *look) adapt(much bool) {
	e := l.eye
	switch {
	case l.err != nil && l.late:
		e.pace.shrink()
	case l.err != nil && !(len(l.glances) == 1 && lasting(l.err)):
		e.until = time.Now().Add(e.pace.failed())
	default:
		if e.pace.worked(); much {
			e.pace.shrink()
		}
	}
}

// outcome is what a read was good for: a finding (none if there is nothing) or a fault.
type outcome struct {
	finding finding
	fault   error
}

func (l *look) outcomes() []outcome {
	w := l.eye.w
	if l.err != nil {
		outcomes := make([]outcome, len(l.glances))
		for i := range outcomes {
			outcomes[i] = w.outcome(nil, l.err, len(l.glances) == 1)
		}
		return outcomes
	}
	outcomes := make([]outcome, len(l.results))
	for i, r := range l.results {
		outcomes[i] = w.outcome(r.Value, r.Err, true)
	}
	return outcomes
}

// outcome judges what was read. own tells whether err is about one key only.
func (w *Waiter) outcome(value []byte, err error, own bool) outcome {
	switch {
	case errors.Is(err, driver.ErrMiss):
		return outcome{}
	case err == nil, own && lasting(err):
		return outcome{finding: w.finding(value, err)}
	}
	return outcome{fault: err}
}

// settle tells what was found. The mutex of the Waiter is held, as for all that follow.
func (l *look) settle(outcomes []outcome) {
	l.eye.read -= len(l.glances)
	answered := l.next(outcomes)
	for i, g := range l.glances {
		t := g.topic
		t.reading = false
		again := t.again
		t.again = false
		switch {
		case t.ended():
		case i >= len(outcomes):
			l.eye.put(t, 0)
		case outcomes[i].fault == nil:
			l.eye.w.found(t, outcomes[i].finding, g.messages)
			answered.put(t, l.eye.w.pause(t, again))
		case l.late:
			l.eye.below.put(t, 0)
		default:
			l.failed(t, outcomes[i].fault)
		}
	}
}

// next is the eye that is to read the keys that were answered. It is not the one of the sound keys if the store takes long for
// these. If it was others that it took long for, nobody knows.
func (l *look) next(outcomes []outcome) *eye {
	e, w := l.eye, l.eye.w
	all := len(outcomes) == len(l.glances)
	for _, o := range outcomes {
		all = all && o.fault == nil
	}
	if all {
		w.usual += (l.took - w.usual) / 8
	}
	switch {
	case e == w.fresh, e == w.sound, l.took <= w.sound.limit():
		return w.sound
	case !all:
		return w.fresh
	}
	return e
}

// failed has t read again after a pause, and not by those who read what is sound.
func (l *look) failed(t *topic, fault error) {
	t.faults, t.fault = t.faults+1, fault
	e := l.eye
	if e == l.eye.w.fresh || e == l.eye.w.sound {
		e = e.below
	}
	e.put(t, backoff(t.faults))
}

// pause returns in how long a topic that was answered is read again.
func (w *Waiter) pause(t *topic, again bool) time.Duration {
	switch {
	case again:
		return 0
	case t.heard:
		return w.rest()
	}
	return w.poll(t)
}
