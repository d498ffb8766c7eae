package keywait

import (
	"errors"
	"hash/maphash"
	"time"

	"github.com/larder-go/larder/driver"
)

// doubt is how long after a read has found something new a message may be an older one.
const doubt = 100 * time.Millisecond

// topic is a key that somebody waits for. The mutex of the Waiter guards it.
type topic struct {
	key   string
	slots []*slot // who waits; none: the topic has ended

	last     fingerprint // of what was told last, to anybody
	doubtful time.Time   // until then messages are no more than reasons to read
	messages int         // that were told

	subscribed bool // who stores a value publishes it to us
	asked      bool // it has been read, or is about to be
	reading    bool
	again      bool // what is being read may not do
	interval   time.Duration
	faults     int   // reads that failed since the last that did not
	fault      error // of the last read

	poller *poller // which reads it when it is due, or does
	moment *moment // in the schedule of the poller; nil: it is being read
	at     int     // in moment.topics
}

// fingerprint stands for a value or an error, so that the last one need not be kept; 0 for none.
type fingerprint uint64

// update is what there is to tell of a key.
type update struct {
	value []byte
	err   error
	print fingerprint
}

// update returns value, or err if that concerns the key alone, as something to tell.
func (w *Waiter) update(value []byte, err error) update {
	if err != nil {
		return update{err: err, print: fingerprint(maphash.String(w.seed, err.Error())&^1 | 2)}
	}
	return update{value: value, print: fingerprint(maphash.Bytes(w.seed, value) | 1)}
}

// ofTheKey tells whether err says something of the key, and not of the store.
func ofTheKey(err error) bool {
	return errors.Is(err, driver.ErrCodec) || errors.Is(err, driver.ErrBadKey)
}

// open makes the topic of a key. If messages can come it is read when it is subscribed to, or soon in any case.
func (w *Waiter) open(key string) *topic {
	t := &topic{key: key}
	w.topics[key] = t
	if w.subscriber == nil {
		t.asked = true
		w.untried.put(t, w.now())
		return t
	}
	if w.subscriber.silent {
		w.untried.put(t, w.now())
	} else {
		w.untried.put(t, w.now()+grace)
	}
	w.subscriber.add(t)
	return t
}

// close ends a topic that nobody waits for any more.
func (w *Waiter) close(t *topic) {
	delete(w.topics, t.key)
	if !t.reading {
		t.poller.due.remove(t)
	}
	if w.subscriber != nil {
		w.subscriber.remove(t.key)
	}
}

// ended tells whether nobody waits any more. A topic that has ended stays so: the key gets another one.
func (t *topic) ended() bool { return len(t.slots) == 0 }

// tell hands u to all who wait and do not have it. w.mu is held.
func (t *topic) tell(u update) {
	t.last = u.print
	for _, s := range t.slots {
		if s.seen != u.print {
			s.put(u)
		}
	}
}

// receive is called with each message.
func (w *Waiter) receive(m driver.Message) {
	u := w.update(m.Value, nil)
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
	case u.print != t.last && time.Now().Before(t.doubtful):
		w.readNow(t)
	default:
		t.messages++
		t.tell(u)
	}
}

// found is called with what a read has found that began when messages were told.
func (w *Waiter) found(t *topic, u update, messages int) {
	t.faults, t.fault = 0, nil
	if u.print == 0 || t.messages != messages {
		return
	}
	if u.print != t.last {
		t.interval = 0
		if t.subscribed {
			t.doubtful = time.Now().Add(doubt)
		}
	}
	t.tell(u)
}
