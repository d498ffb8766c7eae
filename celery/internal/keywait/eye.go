package keywait

import (
	"container/heap"
	"errors"
	"time"

	"github.com/larder-go/larder/driver"
)

const (
	perRead   = 1000    // keys of one request
	muchBytes = 8 << 20 // of values in one reply: the next request is for fewer keys

	// grace is how long a key that is to be heard is not read before it is.
	grace = 100 * time.Millisecond
)

// eye reads keys when they are due, many at once, on a goroutine of its own.
type eye struct {
	w    *Waiter
	wake chan struct{}
	due  agenda // guarded by the mutex of the Waiter
	pace pace   // for the goroutine alone
}

func newEye(w *Waiter) *eye {
	return &eye{w: w, wake: make(chan struct{}, 1), pace: pace{most: perRead}}
}

// glance is a read of one topic.
type glance struct {
	topic    *topic
	messages int // when it began
}

func (e *eye) run() {
	for e.w.ctx.Err() == nil {
		glances, wait := e.next(e.pace.size())
		if len(glances) == 0 {
			e.w.sleep(wait, e.wake)
			continue
		}
		if pause := e.look(glances); pause > 0 {
			e.w.sleep(pause, nil)
		}
	}
}

// look reads, and returns for how long the store is better left alone.
func (e *eye) look(glances []glance) (pause time.Duration) {
	keys := make([]string, len(glances))
	for i, g := range glances {
		keys[i] = g.topic.key
	}
	results, err := readMany(e.w.ctx, e.w.store, keys)
	if e.w.fail(err) {
		return 0
	}
	if err != nil && !(len(keys) == 1 && lasting(err)) {
		pause = e.pace.failed()
	} else if e.pace.worked(); volume(results) > muchBytes {
		e.pace.shrink()
	}
	e.settle(glances, results, err)
	return pause
}

// settle tells what was found. err concerns all.
func (e *eye) settle(glances []glance, results []driver.Result, err error) {
	outcomes := make([]outcome, len(glances))
	for i := range glances {
		if err != nil {
			outcomes[i] = e.w.outcome(nil, err, len(glances) == 1)
		} else {
			outcomes[i] = e.w.outcome(results[i].Value, results[i].Err, true)
		}
		if e.w.fail(outcomes[i].fault) {
			return
		}
	}
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	for i, g := range glances {
		e.w.settle(g, outcomes[i])
	}
}

// outcome is what a read was good for: a finding (none if there is nothing) or a fault.
type outcome struct {
	finding finding
	fault   error
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

// settle ends the read of one topic, and says when it is read again. w.mu is held.
func (w *Waiter) settle(g glance, o outcome) {
	t := g.topic
	t.reading = false
	if t.ended() {
		return
	}
	if o.fault != nil {
		t.faults, t.fault = t.faults+1, o.fault
	} else {
		w.found(t, o.finding, g.messages)
	}
	again := t.again
	t.again = false
	switch {
	case t.faults > 0:
		w.suspect.put(t, backoff(t.faults))
	case again:
		w.sound.put(t, 0)
	case t.heard:
		w.sound.put(t, w.rest())
	default:
		w.sound.put(t, w.poll(t))
	}
}

// readNow has t read as soon as possible, and told of what is there at a moment from now on. w.mu is held.
func (w *Waiter) readNow(t *topic) {
	t.looked = true
	if t.reading {
		t.again = true
		return
	}
	e := w.sound
	if t.eye != nil {
		e = t.eye
		e.drop(t)
	}
	e.put(t, 0)
}

// put has t read in a while. The mutex of the Waiter is held, as for all that follow.
func (e *eye) put(t *topic, in time.Duration) {
	t.due, t.eye = time.Now().Add(in), e
	heap.Push(&e.due, t)
	if e.due[0] == t {
		nudge(e.wake)
	}
}

func (e *eye) drop(t *topic) {
	heap.Remove(&e.due, t.at)
	t.eye = nil
}

// next takes the topics that are due, but not more than most. If there are none it returns for how long.
func (e *eye) next(most int) (glances []glance, wait time.Duration) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	now := time.Now()
	for len(e.due) > 0 && len(glances) < most {
		t := e.due[0]
		if wait = t.due.Sub(now); wait > 0 {
			return glances, wait
		}
		heap.Pop(&e.due)
		t.eye, t.reading, t.looked = nil, true, true
		glances = append(glances, glance{t, t.messages})
	}
	return glances, time.Hour // and then it looks for nothing
}
