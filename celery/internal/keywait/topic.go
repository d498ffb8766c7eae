package keywait

import (
	"errors"
	"hash/maphash"
	"time"

	"github.com/larder-go/larder/driver"
)

// hinted is how long after a read has found something new a message may be an older one.
const hinted = 100 * time.Millisecond

// topic is a key that somebody waits for. The mutex of the Waiter guards it.
type topic struct {
	key   string
	slots []*slot // who waits; none: the topic has ended

	last     stamp     // of what was told last, to anybody
	hints    time.Time // until then messages are no more than reasons to read
	messages int       // that were told

	heard    bool // who stores a value publishes it to us
	looked   bool // it has been read, or is about to be
	reading  bool
	again    bool // what is being read may not do
	interval time.Duration
	faults   int   // reads that failed since the last that did not
	fault    error // of the last read

	due time.Time
	eye *eye // which reads it when it is due, or does
	at  int  // in the heap of the eye, unless it is being read
}

// stamp stands for a value or an error, so that the last one need not be kept; 0 for none.
type stamp uint64

// finding is what there is to tell of a key.
type finding struct {
	value []byte
	err   error
	stamp stamp
}

// finding returns value, or err if that concerns the key alone, as something to tell.
func (w *Waiter) finding(value []byte, err error) finding {
	if err != nil {
		return finding{err: err, stamp: stamp(maphash.String(w.seed, err.Error())&^1 | 2)}
	}
	return finding{value: value, stamp: stamp(maphash.Bytes(w.seed, value) | 1)}
}

// lasting tells whether err says something of the key, and not of the store.
func lasting(err error) bool {
	return errors.Is(err, driver.ErrCodec) || errors.Is(err, driver.ErrBadKey)
}

// open makes the topic of a key. If messages can be heard, it is read when they are, or soon in any case.
func (w *Waiter) open(key string) *topic {
	t := &topic{key: key}
	w.topics[key] = t
	if w.ears == nil {
		t.looked = true
		w.fresh.put(t, 0)
		return t
	}
	w.fresh.put(t, grace)
	w.ears.want(t)
	return t
}

// close ends a topic that nobody waits for any more.
func (w *Waiter) close(t *topic) {
	delete(w.topics, t.key)
	if !t.reading {
		t.eye.drop(t)
	}
	if w.ears != nil {
		w.ears.free(t.key)
	}
}

// ended tells whether nobody waits any more. A topic that has ended stays so: the key gets another one.
func (t *topic) ended() bool { return len(t.slots) == 0 }

// tell hands f to all who wait and do not have it. w.mu is held.
func (t *topic) tell(f finding) {
	t.last = f.stamp
	for _, s := range t.slots {
		if s.seen != f.stamp {
			s.put(f)
		}
	}
}

// hear is called with each message.
func (w *Waiter) hear(m driver.Message) {
	f := w.finding(m.Value, nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.Lost {
		for _, t := range w.topics {
			w.readNow(t)
		}
		return
	}
	t := w.topics[m.Key]
	switch {
	case t == nil: // just ended
	case f.stamp != t.last && time.Now().Before(t.hints):
		w.readNow(t)
	default:
		t.messages++
		t.tell(f)
	}
}

// found is called with what a read has found that began when messages were told.
func (w *Waiter) found(t *topic, f finding, messages int) {
	t.faults, t.fault = 0, nil
	if f.stamp == 0 || t.messages != messages {
		return
	}
	if f.stamp != t.last {
		t.interval = 0
		if t.heard {
			t.hints = time.Now().Add(hinted)
		}
	}
	t.tell(f)
}
