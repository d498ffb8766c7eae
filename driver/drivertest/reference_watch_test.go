package drivertest_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
)

// watching is one watch of the reference store.
type watching struct {
	of     *reference
	prefix string
	tell   func(driver.Event)
	mu     sync.Mutex // held while an event is told
	ended  bool
	done   chan struct{}
	beats  sync.WaitGroup
}

func (r *reference) GetTimed(ctx context.Context, keys []string) ([]driver.TimedResult, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	results := make([]driver.TimedResult, len(keys))
	for i, k := range keys {
		e, ok := r.find(k)
		if !ok {
			results[i].Err = driver.ErrMiss
			continue
		}
		results[i].Value, results[i].Err = e.value.Encode()
		if !e.expiry.IsZero() {
			results[i].TTL = time.Until(e.expiry)
		}
	}
	return results, nil
}

// Watch tells under the store's lock, so that no Alive can come before a change that it reaches beyond.
func (r *reference) Watch(ctx context.Context, prefix string, tell func(driver.Event)) (func(), error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	w := &watching{of: r, prefix: prefix, tell: tell, done: make(chan struct{})}
	w.say(driver.Event{Kind: driver.Alive, Until: time.Now()})
	r.watches[w] = true
	unhook := context.AfterFunc(ctx, w.end)
	w.beats.Go(w.beat)
	return func() {
		unhook()
		w.end()
		w.beats.Wait()
	}, nil
}

func (w *watching) beat() {
	tick := time.NewTicker(driver.AliveWithin / 4)
	defer tick.Stop()
	for {
		select {
		case <-w.done:
			return
		case <-tick.C:
			w.of.mu.Lock()
			w.say(driver.Event{Kind: driver.Alive, Until: time.Now()})
			w.of.mu.Unlock()
		}
	}
}

func (w *watching) say(e driver.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		w.tell(e)
	}
}

func (w *watching) end() {
	w.mu.Lock()
	first := !w.ended
	w.ended = true
	w.mu.Unlock()
	if first {
		close(w.done)
		w.of.mu.Lock()
		delete(w.of.watches, w)
		w.of.mu.Unlock()
	}
}

// changed and gap are called with the lock held.

func (d *data) changed(key string) {
	for w := range d.watches {
		if strings.HasPrefix(key, w.prefix) {
			w.say(driver.Event{Kind: driver.Changed, Key: key})
		}
	}
}

func (d *data) gap() {
	for w := range d.watches {
		w.say(driver.Event{Kind: driver.Gap})
	}
}
