package keywait

import (
	"errors"
	"slices"
	"time"

	"github.com/larder-go/larder/driver"
)

const perAdd = 1000 // keys of one request

// subscriber keeps the subscription in step with the topics, on a goroutine of its own.
type subscriber struct {
	w        *Waiter
	notifier driver.Notifier
	wake     chan struct{}

	// Guarded by the mutex of the Waiter.
	pending []*topic            // to be subscribed to
	have    map[string]struct{} // what sub has
	unused  map[string]struct{} // those of have whose topic has ended
	silent  bool                // a request has had no answer in good time

	// For the goroutine alone.
	sub  driver.Subscription
	size batchSize
}

func newSubscriber(w *Waiter, n driver.Notifier) *subscriber {
	return &subscriber{
		w: w, notifier: n, wake: make(chan struct{}, 1),
		have: map[string]struct{}{}, unused: map[string]struct{}{}, size: batchSize{most: perAdd},
	}
}

// add has t subscribed to. The mutex of the Waiter is held.
func (s *subscriber) add(t *topic) {
	if len(s.pending) > 2*len(s.w.topics) { // nobody takes them, and most have ended
		s.pending = slices.DeleteFunc(s.pending, (*topic).ended)
	}
	s.pending = append(s.pending, t)
	signal(s.wake)
}

// remove ends the subscription to key, if there is one, unless it has a topic again by then. The mutex of the
// Waiter is held.
func (s *subscriber) remove(key string) {
	if _, had := s.have[key]; had {
		s.unused[key] = struct{}{}
		signal(s.wake)
	}
}

func (s *subscriber) run() {
	defer s.stop()
	for s.w.ctx.Err() == nil {
		s.unsubscribe()
		topics := s.next(s.size.now())
		if len(topics) == 0 {
			s.w.sleep(time.Hour, s.wake)
			continue
		}
		answered := s.doubt(grace)
		err := s.subscribe(topics)
		answered()
		if errors.Is(err, errors.ErrUnsupported) {
			s.disable()
			return
		}
		if pause := s.settle(topics, err); pause > 0 {
			s.w.sleep(pause, nil)
		}
	}
}

func (s *subscriber) stop() {
	if s.sub != nil {
		s.sub.Stop()
	}
}

// unsubscribe ends the subscriptions that nobody needs any more.
func (s *subscriber) unsubscribe() {
	s.w.mu.Lock()
	var keys []string
	for key := range s.unused {
		if s.w.topics[key] == nil {
			delete(s.have, key)
			keys = append(keys, key)
		}
	}
	clear(s.unused)
	s.w.mu.Unlock()
	if len(keys) > 0 {
		s.sub.Remove(keys...)
	}
}

// next takes what is to be subscribed to.
func (s *subscriber) next(most int) (topics []*topic) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for len(s.pending) > 0 && len(topics) < most {
		t := s.pending[0]
		s.pending[0] = nil
		s.pending = s.pending[1:]
		if _, had := s.have[t.key]; had {
			s.w.subscribed(t)
		} else if !t.ended() {
			topics = append(topics, t)
		}
	}
	return topics
}

func (s *subscriber) subscribe(topics []*topic) error {
	if s.sub == nil {
		sub, err := s.notifier.Subscribe(s.w.ctx, nil, s.w.receive)
		if err != nil {
			return err
		}
		s.sub = sub
	}
	keys := make([]string, len(topics))
	for i, t := range topics {
		keys[i] = t.key
	}
	return s.sub.Add(s.w.ctx, keys...)
}

// doubt has all keys polled if a request is not answered in time, until it is: who does not answer that may not tell of
// messages either.
func (s *subscriber) doubt(after time.Duration) (answered func()) {
	done := make(chan struct{})
	timer := time.AfterFunc(after, func() {
		defer close(done)
		s.setSilent(true)
	})
	return func() {
		if !timer.Stop() {
			<-done
			s.setSilent(false)
		}
	}
}

func (s *subscriber) setSilent(silent bool) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.silent = silent
	for _, t := range s.w.topics {
		t.interval = 0
		s.w.readNow(t)
	}
}

// settle notes what has become of a request, and returns for how long the store is better left alone.
func (s *subscriber) settle(topics []*topic, err error) (pause time.Duration) {
	switch {
	case err == nil:
		s.size.succeeded()
	case s.w.fail(err):
		return 0
	default:
		pause = s.size.failed()
	}
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for _, t := range topics {
		if err == nil {
			s.added(t)
		} else if !t.ended() {
			s.pending = append(s.pending, t) // it is polled meanwhile
		}
	}
	return pause
}

// added notes that t is subscribed to, or was to be. The mutex of the Waiter is held.
func (s *subscriber) added(t *topic) {
	s.have[t.key] = struct{}{}
	if t.ended() {
		s.remove(t.key)
	}
	s.w.subscribed(t)
}

// subscribed notes that messages of t come in. What was stored before is read. w.mu is held.
func (w *Waiter) subscribed(t *topic) {
	if !t.ended() && !t.subscribed {
		t.subscribed = true
		w.readNow(t)
	}
}

// disable does without messages for ever.
func (s *subscriber) disable() {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.w.subscriber = nil
	for _, t := range s.w.topics {
		t.subscribed = false
		s.w.readNow(t)
	}
}
