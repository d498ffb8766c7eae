package drivertest_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
)

// leases are those of the reference store, under its lock.
type leases struct {
	held map[string]held
	made int
	news chan struct{} // closed when any of them changes
}

type held struct {
	token driver.Lease
	until time.Time
}

func (l *leases) shout() {
	if l.news != nil {
		close(l.news)
	}
	l.news = nil
}

// change returns what tells of the next change.
func (l *leases) change() <-chan struct{} {
	if l.news == nil {
		l.news = make(chan struct{})
	}
	return l.news
}

func (l *leases) void(key string) {
	delete(l.held, key)
	l.shout()
}

func (l *leases) voidPrefix(prefix string) {
	for key := range l.held {
		if strings.HasPrefix(key, prefix) {
			delete(l.held, key)
		}
	}
	l.shout()
}

// of returns the lease of key, if there is one.
func (l *leases) of(key string) (held, bool) {
	h, ok := l.held[key]
	if ok && !time.Now().Before(h.until) {
		delete(l.held, key)
		return held{}, false
	}
	return h, ok
}

func (l *leases) good(key string, token driver.Lease) bool {
	h, ok := l.of(key)
	return ok && h.token == token
}

func (l *leases) give(key string, d time.Duration) driver.Lease {
	if l.held == nil {
		l.held = map[string]held{}
	}
	l.made++
	h := held{driver.Lease(fmt.Sprint("lease ", l.made)), time.Now().Add(d)}
	l.held[key] = h
	return h.token
}

func (r *reference) Acquire(ctx context.Context, keys []string, d time.Duration) ([]driver.Grant, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	grants := make([]driver.Grant, len(keys))
	for i, key := range keys {
		grants[i] = r.grant(key, d)
	}
	return grants, nil
}

func (r *reference) grant(key string, d time.Duration) driver.Grant {
	if e, ok := r.find(key); ok {
		value, err := e.value.Encode()
		return driver.Grant{Value: value, Err: err}
	}
	g := driver.Grant{Err: driver.ErrMiss}
	if _, taken := r.leases.of(key); !taken {
		g.Lease = r.leases.give(key, d)
	}
	return g
}

func (r *reference) Renew(ctx context.Context, key string, l driver.Lease, d time.Duration) (bool, error) {
	if err := r.enter(ctx); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	good := r.leases.good(key, l)
	if good {
		r.leases.held[key] = held{l, time.Now().Add(d)}
	}
	return good, nil
}

func (r *reference) Fill(ctx context.Context, fillings []driver.Filling, ttl time.Duration) ([]bool, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	filled, failed := make([]bool, len(fillings)), driver.KeyErrors{}
	for i, f := range fillings {
		if !r.leases.good(f.Key, f.Lease) {
			continue
		}
		v := driver.Bytes(f.Value)
		if r.tooLarge(v) {
			r.leases.void(f.Key)
			failed[f.Key] = driver.ErrTooLarge
			continue
		}
		r.put(f.Key, v, ttl)
		filled[i] = true
	}
	return filled, failed.OrNil()
}

func (r *reference) Release(ctx context.Context, key string, l driver.Lease) (bool, error) {
	if err := r.enter(ctx); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	good := r.leases.good(key, l)
	if good {
		r.leases.void(key)
	}
	return good, nil
}

func (r *reference) Await(ctx context.Context, key string) error {
	for {
		if err := r.enter(ctx); err != nil {
			return err
		}
		_, there := r.find(key)
		h, taken := r.leases.of(key)
		change := r.leases.change()
		r.mu.Unlock()
		if there || !taken {
			return nil
		}
		if err := await(ctx, change, time.Until(h.until)); err != nil {
			return err
		}
	}
}

// await waits for a change, but no longer than left.
func await(ctx context.Context, change <-chan struct{}, left time.Duration) error {
	over := time.NewTimer(left)
	defer over.Stop()
	select {
	case <-change:
	case <-over.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
