package keywait

import (
	"errors"
	"slices"
	"time"

	"github.com/larder-go/larder/driver"
)

const perAdd = 1000 // keys of one request

// ears keep the subscription in step with the topics, on a goroutine of its own.
type ears struct {
	w        *Waiter
	notifier driver.Notifier
	wake     chan struct{}

	// Guarded by the mutex of the Waiter.
	wanted []*topic            // to be subscribed to
	have   map[string]struct{} // what sub has
	freed  map[string]struct{} // those of have whose topic has ended

	// For the goroutine alone.
	sub  driver.Subscription
	pace pace
}

func newEars(w *Waiter, n driver.Notifier) *ears {
	return &ears{
		w: w, notifier: n, wake: make(chan struct{}, 1),
		have: map[string]struct{}{}, freed: map[string]struct{}{}, pace: pace{most: perAdd},
	}
}

// want has t subscribed to. The mutex of the Waiter is held.
func (e *ears) want(t *topic) {
	if len(e.wanted) > 2*len(e.w.topics) { // nobody takes them, and most have ended
		e.wanted = slices.DeleteFunc(e.wanted, (*topic).ended)
	}
	e.wanted = append(e.wanted, t)
	nudge(e.wake)
}

// free ends the subscription to key, if there is one, unless it has a topic again by then. The mutex of the Waiter is held.
func (e *ears) free(key string) {
	if _, had := e.have[key]; had {
		e.freed[key] = struct{}{}
		nudge(e.wake)
	}
}

func (e *ears) run() {
	defer e.stop()
	for e.w.ctx.Err() == nil {
		e.release()
		topics := e.next(e.pace.size())
		if len(topics) == 0 {
			e.w.sleep(time.Hour, e.wake)
			continue
		}
		err := e.add(topics)
		if errors.Is(err, errors.ErrUnsupported) {
			e.giveUp()
			return
		}
		if pause := e.settle(topics, err); pause > 0 {
			e.w.sleep(pause, nil)
		}
	}
}

func (e *ears) stop() {
	if e.sub != nil {
		e.sub.Stop()
	}
}

// release unsubscribes from what nobody waits for any more.
func (e *ears) release() {
	e.w.mu.Lock()
	var keys []string
	for key := range e.freed {
		if e.w.topics[key] == nil {
			delete(e.have, key)
			keys = append(keys, key)
		}
	}
	clear(e.freed)
	e.w.mu.Unlock()
	if len(keys) > 0 {
		e.sub.Remove(keys...)
	}
}

// next takes what is to be subscribed to.
func (e *ears) next(most int) (topics []*topic) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	for len(e.wanted) > 0 && len(topics) < most {
		t := e.wanted[0]
		e.wanted[0] = nil
		e.wanted = e.wanted[1:]
		if _, had := e.have[t.key]; had {
			e.w.attend(t)
		} else if !t.ended() {
			topics = append(topics, t)
		}
	}
	return topics
}

func (e *ears) add(topics []*topic) error {
	if e.sub == nil {
		sub, err := e.notifier.Subscribe(e.w.ctx, nil, e.w.hear)
		if err != nil {
			return err
		}
		e.sub = sub
	}
	keys := make([]string, len(topics))
	for i, t := range topics {
		keys[i] = t.key
	}
	return e.sub.Add(e.w.ctx, keys...)
}

// settle notes what has become of a request, and returns for how long the store is better left alone.
func (e *ears) settle(topics []*topic, err error) (pause time.Duration) {
	switch {
	case err == nil:
		e.pace.worked()
	case e.w.fail(err):
		return 0
	default:
		pause = e.pace.failed()
	}
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	for _, t := range topics {
		if err == nil {
			e.added(t)
		} else if !t.ended() {
			e.wanted = append(e.wanted, t) // it is read meanwhile as if there were no messages
		}
	}
	return pause
}

// added notes that t is subscribed to, or was to be. The mutex of the Waiter is held.
func (e *ears) added(t *topic) {
	e.have[t.key] = struct{}{}
	if t.ended() {
		e.free(t.key)
	}
	e.w.attend(t)
}

// attend notes that t can be heard. What was stored before is read. w.mu is held.
func (w *Waiter) attend(t *topic) {
	if !t.ended() && !t.heard {
		t.heard = true
		w.readNow(t)
	}
}

// giveUp does without messages for ever.
func (e *ears) giveUp() {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.w.ears = nil
	for _, t := range e.w.topics {
		t.heard = false
		e.w.readNow(t)
	}
}
