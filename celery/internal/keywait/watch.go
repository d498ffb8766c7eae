package keywait

import (
	"context"
	"fmt"

	"github.com/larder-go/larder/driver"
)

// Watch calls tell with the value of each key, as soon as there is one, and then with each newer one until
// tell says that it is done with the key. It returns nil when tell is done with all; the error of ctx when
// that ends, joined with the reason if the store could not be asked at last; or driver.ErrClosed when the
// Waiter was closed, or its store, which the next read notices. A key that is named twice counts once.
//
// tell runs on the goroutine of the caller. If it is slow, values of a key that come in the meantime are
// skipped but for the newest; nobody else is kept waiting. It must not change value. err concerns this key,
// and is told like a value: driver.ErrCodec (what is there cannot be read as one; another value may come) or
// driver.ErrBadKey (none will). A store that cannot be reached is asked again, with pauses of up to a second,
// until it answers.
//
// A value that is stored twice in a row is told once. The last one is never missed: at the latest the next
// read finds it (see Options). Of one key, what was read is told in the order of the reads, and what was
// published in the order of publication. Where the two meet, nobody knows which is older. So what was read is
// not told if a message came in while it was being read; and for 100 ms after a read has found something new,
// messages are not told, but lead to another read. An older value is therefore told after a newer one only if
// its message took longer than that, and then the newer one is told again. What another program publishes
// without storing it is told, too, but not in those 100 ms.
func (w *Waiter) Watch(ctx context.Context, keys []string, tell func(key string, value []byte, err error) (done bool)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := w.join(keys)
	if err != nil {
		return err
	}
	defer w.leave(c)
	for c.open > 0 {
		select {
		case <-c.wake:
			if err := w.deliver(ctx, c, tell); err != nil {
				return err
			}
		case <-ctx.Done():
			return w.because(ctx, c)
		case <-w.ctx.Done():
			return context.Cause(w.ctx)
		}
	}
	return nil
}

// call is a call of Watch.
type call struct {
	slots   []slot
	open    int // slots that tell is not done with; for the caller's goroutine alone
	wake    chan struct{}
	updates []*slot // those that have something to tell
}

// slot is one key of a call, with room for the newest value.
type slot struct {
	call  *call
	key   string
	topic *topic // nil: nothing is expected any more
	at    int    // in topic.slots

	seen   fingerprint // of what was put into it last
	done   bool        // nothing more is told
	filled bool        // it is in call.updates
	value  []byte
	err    error
}

// join has c told of the keys from now on.
func (w *Waiter) join(keys []string) (*call, error) {
	c := &call{slots: slots(keys), wake: make(chan struct{}, 1)}
	c.open = len(c.slots)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.start(); err != nil {
		return nil, err
	}
	for i := range c.slots {
		c.slots[i].call = c
		w.expect(&c.slots[i])
	}
	return c, nil
}

// slots returns one for each key.
func slots(keys []string) []slot {
	all := make([]slot, 0, len(keys))
	named := make(map[string]struct{}, len(keys))
	for _, key := range keys {
		if _, twice := named[key]; !twice {
			named[key] = struct{}{}
			all = append(all, slot{key: key})
		}
	}
	return all
}

// expect has s told of its key. w.mu is held.
func (w *Waiter) expect(s *slot) {
	if n := len(s.key); n > driver.MaxKeyLen {
		s.put(update{err: fmt.Errorf("%w: it has %d bytes, more than %d", driver.ErrBadKey, n, driver.MaxKeyLen)})
		return
	}
	t := w.topics[s.key]
	if t == nil {
		t = w.open(s.key)
	} else if t.asked {
		t.interval = 0
		w.readNow(t)
	}
	s.topic, s.at = t, len(t.slots)
	t.slots = append(t.slots, s)
}

// leave has c told of nothing any more.
func (w *Waiter) leave(c *call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range c.slots {
		w.forget(&c.slots[i])
	}
}

// forget takes s from its topic, which ends with its last one. w.mu is held.
func (w *Waiter) forget(s *slot) {
	t := s.topic
	if t == nil {
		return
	}
	last := len(t.slots) - 1
	t.slots[s.at], t.slots[last].at = t.slots[last], s.at
	t.slots[last] = nil
	t.slots, s.topic = t.slots[:last], nil
	if last == 0 {
		w.close(t)
	}
}

// put replaces what s has to tell. The mutex of the Waiter is held.
func (s *slot) put(u update) {
	s.seen, s.value, s.err = u.print, u.value, u.err
	if !s.filled {
		s.filled = true
		s.call.updates = append(s.call.updates, s)
	}
	signal(s.call.wake)
}

// deliver tells all that there is to tell.
func (w *Waiter) deliver(ctx context.Context, c *call, tell func(string, []byte, error) bool) error {
	for {
		s, value, err := w.take(c)
		if s == nil {
			return nil
		}
		if tell(s.key, value, err) {
			c.open--
			w.mu.Lock()
			w.forget(s)
			s.done = true
			w.mu.Unlock()
		}
		if c.open > 0 && ctx.Err() != nil {
			return w.because(ctx, c)
		}
	}
}

// take returns what is to be told next.
func (w *Waiter) take(c *call) (s *slot, value []byte, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(c.updates) > 0 {
		s, c.updates = c.updates[0], c.updates[1:]
		value, err = s.value, s.err
		s.filled, s.value, s.err = false, nil, nil
		if !s.done {
			return s, value, err
		}
	}
	c.updates = nil
	return nil, nil, nil
}

// because is the error of ctx, with the reason why nothing was found if that is known.
func (w *Waiter) because(ctx context.Context, c *call) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range c.slots {
		if t := c.slots[i].topic; t != nil && t.fault != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), t.fault)
		}
	}
	return ctx.Err()
}
