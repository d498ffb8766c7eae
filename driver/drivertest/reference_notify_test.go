package drivertest_test

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
)

var _ driver.Notifier = (*reference)(nil)

func (r *reference) SetNotify(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	defer r.mu.Unlock()
	if err := r.store(key, driver.Bytes(value), ttl); err != nil {
		return err
	}
	r.publish(key, value)
	return nil
}

func (r *reference) SwapNotify(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if err := r.enter(ctx); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	e, ok := r.find(key)
	if version, isOurs := v.(uint64); ok != (v != nil) || ok && (!isOurs || version != e.version) {
		return false, nil
	}
	if r.tooLarge(driver.Bytes(value)) {
		return false, driver.ErrTooLarge
	}
	r.put(key, driver.Bytes(value), ttl)
	r.publish(key, value)
	return true, nil
}

// publish is called with the lock held.
func (d *data) publish(key string, value []byte) {
	for l := range d.listeners {
		if l.keys[key] {
			l.hear(driver.Message{Key: key, Value: append([]byte{}, value...)})
		}
	}
}

// listening is a subscription: a queue without end, and a goroutine that empties it. The lock is that of the data.
type listening struct {
	of    *reference
	keys  map[string]bool
	queue []driver.Message
	ended bool
	wake  chan struct{} // has room for one
	gone  chan struct{}
}

func (r *reference) Subscribe(ctx context.Context, keys []string, tell func(driver.Message)) (driver.Subscription, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	l := &listening{of: r, keys: map[string]bool{}, wake: make(chan struct{}, 1), gone: make(chan struct{})}
	for _, key := range keys {
		l.keys[key] = true
	}
	r.listeners[l] = true
	leave := context.AfterFunc(ctx, l.end)
	go func() {
		defer close(l.gone)
		defer leave()
		l.run(tell)
	}()
	return l, nil
}

func (l *listening) run(tell func(driver.Message)) {
	for {
		m, heard, ended := l.next()
		switch {
		case ended:
			return
		case heard:
			tell(m)
		default:
			<-l.wake
		}
	}
}

func (l *listening) next() (m driver.Message, heard, ended bool) {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	for len(l.queue) > 0 && !l.ended {
		m, l.queue = l.queue[0], l.queue[1:]
		if l.keys[m.Key] || m.Lost {
			return m, true, false
		}
	}
	return m, false, l.ended
}

// hear is called with the lock held.
func (l *listening) hear(m driver.Message) {
	l.queue = append(l.queue, m)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *listening) Add(ctx context.Context, keys ...string) error {
	if err := l.of.enter(ctx); err != nil {
		return err
	}
	defer l.of.mu.Unlock()
	if l.ended {
		return driver.ErrClosed
	}
	for _, key := range keys {
		l.keys[key] = true
	}
	return nil
}

func (l *listening) Remove(keys ...string) {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	for _, key := range keys {
		delete(l.keys, key)
	}
}

func (l *listening) Stop() {
	l.end()
	<-l.gone
}

func (l *listening) end() {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.ended = true
	delete(l.of.listeners, l)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// endListeners ends the subscriptions of a store that is closed.
func (r *reference) endListeners() {
	r.mu.Lock()
	var own []*listening
	for l := range r.listeners {
		if l.of == r {
			own = append(own, l)
		}
	}
	r.mu.Unlock()
	for _, l := range own {
		l.Stop()
	}
}
