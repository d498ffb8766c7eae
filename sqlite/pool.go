package sqlite

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
)

// pool is the connections that read. The one used last is used next: its page cache is warm, and a
// program that reads little keeps few of them busy.
type pool struct {
	dial   func() (*conn, error)
	path   string
	busy   time.Duration
	tokens chan struct{} // one for each connection that may be in use
	closed chan struct{}

	mu   sync.Mutex
	idle []*conn
}

func newPool(size int, path string, busy time.Duration, dial func() (*conn, error)) *pool {
	return &pool{dial: dial, path: path, busy: busy, tokens: make(chan struct{}, size), closed: make(chan struct{})}
}

// get returns a connection, which has to be given back with put.
func (p *pool) get(ctx context.Context) (*conn, error) {
	select {
	case p.tokens <- struct{}{}:
	default:
		select {
		case p.tokens <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.closed:
			return nil, driver.ErrClosed
		}
	}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	c, err := p.open()
	if err != nil {
		<-p.tokens
	}
	return c, err
}

func (p *pool) open() (*conn, error) {
	select {
	case <-p.closed:
		return nil, driver.ErrClosed
	default:
		return p.dial()
	}
}

// put gives a connection back. One that got err from SQLite is closed, unless err says nothing bad of it.
func (p *pool) put(c *conn, err error) {
	if code(err) != 0 && poisons(err) {
		_ = c.close()
	} else {
		p.mu.Lock()
		p.idle = append(p.idle, c)
		p.mu.Unlock()
	}
	<-p.tokens
}

// read calls fn with a connection, again while the database is busy: a reader seldom has to wait in WAL mode, but
// does while another process repairs the log after a crash or closes the file.
func (p *pool) read(ctx context.Context, fn func(*conn) error) error {
	var end time.Time
	c, err := p.get(ctx)
	for poll := pollFirst; ; poll = min(poll*2, pollLast) {
		if err == nil {
			err = fn(c)
			p.put(c, err)
		}
		if err == nil || !isBusy(err) {
			return p.explain(err)
		}
		if end.IsZero() {
			end = time.Now().Add(p.busy)
		}
		if time.Now().After(end) {
			return p.explain(err)
		}
		t := time.NewTimer(poll)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-p.closed:
			t.Stop()
			return driver.ErrClosed
		}
		c, err = p.get(ctx)
	}
}

func (p *pool) explain(err error) error {
	if code(err) == 0 {
		return err
	}
	return explain(p.path, err)
}

// close waits for the reads that are under way and closes the connections.
func (p *pool) close() error {
	close(p.closed)
	for range cap(p.tokens) {
		p.tokens <- struct{}{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.close())
	}
	p.idle = nil
	return errors.Join(errs...)
}
