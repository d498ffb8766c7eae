package conn

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/breaker"
)

// Link makes the client when it is first needed. rueidis.NewClient dials, and knows no context: so it runs on a goroutine
// of its own, one at a time, and whoever needs the client waits for it for as long as his context allows.
type Link struct {
	Dial    func(*Dialer) (rueidis.Client, error) // as often as needed; it is given a Dialer for that client
	Timeout time.Duration                         // of an attempt to connect
	breaker breaker.Breaker
	current atomic.Pointer[Client]
	mu      sync.Mutex
	attempt *attempt // not nil while one is under way
	closed  bool
	running sync.WaitGroup
}

type attempt struct {
	dialer *Dialer
	ticket breaker.Ticket
	done   chan struct{}
	err    error
}

// closeGrace is how long Close waits for the answers to calls that are under way.
const closeGrace = 100 * time.Millisecond

// Client returns the client, connecting if there is none yet.
func (l *Link) Client(ctx context.Context) (*Client, error) {
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
func (l *Link) begin() (*attempt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, driver.ErrClosed
	}
	if l.attempt == nil {
		ticket, err := l.breaker.Begin()
		if err != nil {
			return nil, err
		}
		a := &attempt{dialer: newDialer(l.Timeout), ticket: ticket, done: make(chan struct{})}
		l.attempt = a
		l.running.Go(func() { l.connect(a) })
	}
	return l.attempt, nil
}

func (l *Link) connect(a *attempt) {
	client, err := l.Dial(a.dialer)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.closed {
		client.Close()
		err = driver.ErrClosed
	}
	if err == nil {
		a.dialer.settle()
		l.current.Store(newClient(client, a.dialer))
	} else {
		a.err = l.whyNot(err)
		a.dialer.stop()
		l.running.Go(a.dialer.close) // waits for attempts that rueidis has left behind
	}
	l.judge(a, err)
	l.attempt = nil
	close(a.done)
}

func (l *Link) whyNot(err error) error {
	if l.closed {
		return driver.ErrClosed
	}
	return err
}

// judge counts an attempt that nobody answered: a server that refuses a password is there.
func (l *Link) judge(a *attempt, err error) {
	if err == nil || isReply(err) {
		l.breaker.Answered(a.ticket)
	} else {
		l.breaker.Failed(a.ticket, err)
	}
}

// Current returns the client if there is one.
func (l *Link) Current() *Client { return l.current.Load() }

// Close ends the client. Calls that are under way get their answers if these are about to come, else ErrClosed.
func (l *Link) Close() {
	l.mu.Lock()
	l.closed = true
	if l.attempt != nil {
		l.attempt.dialer.stop()
		l.attempt.dialer.hangUp()
	}
	l.mu.Unlock()
	l.running.Wait()
	c := l.current.Swap(nil)
	if c == nil {
		return
	}
	c.dialer.stop()
	defer time.AfterFunc(closeGrace, c.dialer.hangUp).Stop()
	c.Close()
	c.dialer.close()
}
