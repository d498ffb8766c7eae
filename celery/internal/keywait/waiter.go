package keywait

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
)

// Options are for New. The zero value is the default.
type Options struct {
	// Reread is how long a key is not read whose values are published, on average: each time is up to a
	// quarter shorter or longer. It bounds how long a value stays unknown that was stored without being
	// published. 0: 5 seconds.
	Reread time.Duration
	// Poll is the longest interval at which keys are read whose values are not published, while there are
	// few; the first is 1 ms, and each is half as long again as the one before. 0: 16 ms. With more than 800
	// keys it grows with their number, to 100 ms: up to 5,000 keys the store is asked for some 50,000 values
	// per second at most. Each interval is up to a quarter shorter or longer, so that keys are read together.
	Poll time.Duration
}

const (
	defaultReread = 5 * time.Second
	defaultPoll   = 16 * time.Millisecond
)

func (o Options) resolve() Options {
	if o.Reread <= 0 {
		o.Reread = defaultReread
	}
	if o.Poll <= 0 {
		o.Poll = defaultPoll
	}
	return o
}

// Waiter waits for keys of one store. It is safe for concurrent use.
type Waiter struct {
	store   driver.Store
	options Options
	seed    maphash.Seed
	began   time.Time

	ctx     context.Context // ends with the Waiter
	end     context.CancelCauseFunc
	running sync.WaitGroup

	mu         sync.Mutex
	started    bool
	topics     map[string]*topic
	subscriber *subscriber // nil: no messages can come
	pollers    []*poller
	latency    time.Duration // of a read that is answered, on average
	untried    *poller       // reads keys for the first time
	healthy    *poller       // reads the keys that were answered in good time
}

// New returns a Waiter for a store that stays open for longer. It does nothing, and has no goroutines, until
// the first Watch.
func New(store driver.Store, o Options) *Waiter {
	w := &Waiter{store: store, options: o.resolve(), seed: maphash.MakeSeed(), began: time.Now(), topics: map[string]*topic{}}
	w.ctx, w.end = context.WithCancelCause(context.Background())
	failing := newPoller(w, 0, nil)
	failing.next = failing
	slow := newPoller(w, longTimeout, failing)
	w.untried, w.healthy = newPoller(w, shortTimeout, slow), newPoller(w, shortTimeout, slow)
	w.pollers = []*poller{w.untried, w.healthy, slow, failing}
	if n, ok := store.(driver.Notifier); ok {
		w.subscriber = newSubscriber(w, n)
	}
	return w
}

// Close ends every Watch with driver.ErrClosed. When it returns all goroutines of the Waiter have ended; tell
// may still be running, and may itself call Close. The store stays open.
func (w *Waiter) Close() {
	w.mu.Lock()
	w.end(driver.ErrClosed)
	w.mu.Unlock()
	w.running.Wait()
}

// start has the goroutines running, unless the Waiter has been closed. w.mu is held.
func (w *Waiter) start() error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	if w.started {
		return nil
	}
	w.started = true
	for _, p := range w.pollers {
		w.running.Go(p.run)
	}
	if w.subscriber != nil {
		w.running.Go(w.subscriber.run)
	}
	return nil
}

// now is the time since the Waiter began.
func (w *Waiter) now() time.Duration { return time.Since(w.began) }

// fail ends the Waiter if the store was closed. It tells whether it did.
func (w *Waiter) fail(err error) bool {
	if !errors.Is(err, driver.ErrClosed) {
		return false
	}
	w.end(err)
	return true
}

// signal lets a goroutine look whether there is something to do. wake has room for one.
func signal(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default: // it has not looked yet since the last one
	}
}

// sleep returns when d is over, early when wake is signalled (nil: never), and tells whether the Waiter goes on.
func (w *Waiter) sleep(d time.Duration, wake <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-wake:
	case <-w.ctx.Done():
	}
	return w.ctx.Err() == nil
}
