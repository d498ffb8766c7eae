package redis

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// connected is a client that has been made.
type connected struct{ client rueidis.Client }

// link makes the client when it is first needed. rueidis.NewClient dials, and knows no context: so it runs on a goroutine
// of its own, one at a time, and whoever needs the client waits for it for as long as his context allows.
type link struct {
	dial    func() (rueidis.Client, error)
	current atomic.Pointer[connected]
	mu      sync.Mutex
	attempt *attempt // not nil while one is under way
	closed  bool
	running sync.WaitGroup
}

type attempt struct {
	done chan struct{}
	err  error
}

// client returns the client, connecting if there is none yet.
func (l *link) client(ctx context.Context) (*connected, error) {
	if c := l.current.Load(); c != nil {
		return c, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a, err := l.begin()
	if err != nil {
		return nil, err
	}
	select {
	case <-a.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if a.err != nil {
		return nil, a.err
	}
	if c := l.current.Load(); c != nil {
		return c, nil
	}
	return nil, driver.ErrClosed
}

// begin joins the attempt that is under way, or starts one.
func (l *link) begin() (*attempt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, driver.ErrClosed
	}
	if l.attempt == nil {
		l.attempt = &attempt{done: make(chan struct{})}
		l.running.Go(func() { l.connect(l.attempt) })
	}
	return l.attempt, nil
}

func (l *link) connect(a *attempt) {
	client, err := l.dial()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		a.err = err
	case l.closed:
		client.Close()
		a.err = driver.ErrClosed
	default:
		l.current.Store(&connected{client})
	}
	l.attempt = nil
	close(a.done)
}

// close ends the client. Calls that are under way get an error.
func (l *link) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.running.Wait()
	// Swapped out first: a cluster's client closes its connections one after the other, and would answer on the others.
	if c := l.current.Swap(nil); c != nil {
		c.client.Close()
	}
}
