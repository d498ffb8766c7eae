package larder_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/memory"
)

// leased is a store that other processes use too: it has leases, and none of its stores knows of another's loads.
type leased struct {
	*common
	ended     chan struct{}
	end       sync.Once
	afterFill func() // nil, or called when a Fill is done and has not returned
}

// common is what all processes have in common.
type common struct {
	mu    sync.Mutex
	store ordinary
	held  map[string]holding
	made  int
	users int
	jumpy bool          // each renewal wakes who waits
	news  chan struct{} // closed when a lease ends
}

// ordinary are the parts of the memory store that other engines have too.
type ordinary interface {
	driver.Store
	driver.Adder
	driver.Counter
	driver.Swapper
	driver.Clearer
}

type holding struct {
	token driver.Lease
	until time.Time
}

func newCommon(t testing.TB) *common {
	store, err := memory.New(memory.Options{Isolate: true})
	ok(t, err)
	return &common{store: store.(ordinary), held: map[string]holding{}, news: make(chan struct{})}
}

func (c *common) process() *leased {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users++
	return &leased{common: c, ended: make(chan struct{})}
}

// enter takes the lock if the call may go on.
func (l *leased) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-l.ended:
		return driver.ErrClosed
	default:
	}
	l.mu.Lock()
	return nil
}

func (l *leased) Close() error {
	l.end.Do(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		close(l.ended)
		if l.users--; l.users == 0 {
			_ = l.store.Close()
		}
	})
	return nil
}

// The methods in small letters are called with the lock held.

func (c *common) void(concerned func(key string) bool) {
	for key := range c.held {
		if concerned(key) {
			delete(c.held, key)
		}
	}
	close(c.news)
	c.news = make(chan struct{})
}

func (c *common) of(key string) (holding, bool) {
	h, there := c.held[key]
	if there && !time.Now().Before(h.until) {
		delete(c.held, key)
		return h, false
	}
	return h, there
}

func (c *common) good(key string, token driver.Lease) bool {
	h, there := c.of(key)
	return there && h.token == token
}

// written runs a write of key, which voids its lease if it changes something.
func written[R any](ctx context.Context, l *leased, key string, write func() (R, bool, error)) (r R, err error) {
	if err := l.enter(ctx); err != nil {
		return r, err
	}
	defer l.mu.Unlock()
	r, changed, err := write()
	if changed {
		l.void(func(k string) bool { return k == key })
	}
	return r, err
}

func (l *leased) Get(ctx context.Context, key string) ([]byte, error) {
	if err := l.enter(ctx); err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	return l.store.Get(ctx, key)
}

func (l *leased) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := written(ctx, l, key, func() (any, bool, error) { return nil, true, l.store.Set(ctx, key, value, ttl) })
	return err
}

func (l *leased) Delete(ctx context.Context, key string) (bool, error) {
	return written(ctx, l, key, func() (bool, bool, error) {
		was, err := l.store.Delete(ctx, key)
		return was, true, err
	})
}

func (l *leased) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	return written(ctx, l, key, func() (bool, bool, error) {
		did, err := l.store.Add(ctx, key, value, ttl)
		return did, did, err
	})
}

func (l *leased) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	return written(ctx, l, key, func() (int64, bool, error) {
		sum, err := l.store.Incr(ctx, key, delta, ttl)
		return sum, err == nil, err
	})
}

func (l *leased) IncrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (float64, error) {
	return written(ctx, l, key, func() (float64, bool, error) {
		sum, err := l.store.IncrFloat(ctx, key, delta, ttl)
		return sum, err == nil, err
	})
}

func (l *leased) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	if err := l.enter(ctx); err != nil {
		return nil, nil, err
	}
	defer l.mu.Unlock()
	return l.store.GetVersion(ctx, key)
}

func (l *leased) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	return written(ctx, l, key, func() (bool, bool, error) {
		did, err := l.store.Swap(ctx, key, v, value, ttl)
		return did, did, err
	})
}

func (l *leased) Clear(ctx context.Context, prefix string) (int, error) {
	if err := l.enter(ctx); err != nil {
		return 0, err
	}
	defer l.mu.Unlock()
	l.void(func(k string) bool { return strings.HasPrefix(k, prefix) })
	return l.store.Clear(ctx, prefix)
}

func (l *leased) ClearAll(ctx context.Context) (int, error) { return l.Clear(ctx, "") }

func (l *leased) Acquire(ctx context.Context, keys []string, d time.Duration) ([]driver.Grant, error) {
	if err := l.enter(ctx); err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	grants := make([]driver.Grant, len(keys))
	for i, key := range keys {
		grants[i].Value, grants[i].Err = l.store.Get(ctx, key)
		if _, taken := l.of(key); grants[i].Err != nil && !taken {
			l.made++
			grants[i].Lease = driver.Lease(fmt.Sprint(l.made))
			l.held[key] = holding{grants[i].Lease, time.Now().Add(d)}
		}
	}
	return grants, nil
}

func (l *leased) Renew(ctx context.Context, key string, token driver.Lease, d time.Duration) (bool, error) {
	if err := l.enter(ctx); err != nil {
		return false, err
	}
	defer l.mu.Unlock()
	good := l.good(key, token)
	if good {
		l.held[key] = holding{token, time.Now().Add(d)}
		if l.jumpy {
			l.void(func(string) bool { return false })
		}
	}
	return good, nil
}

func (l *leased) Fill(ctx context.Context, fillings []driver.Filling, ttl time.Duration) ([]bool, error) {
	if err := l.enter(ctx); err != nil {
		return nil, err
	}
	defer l.filled()
	defer l.mu.Unlock()
	filled, failed := make([]bool, len(fillings)), driver.KeyErrors{}
	for i, f := range fillings {
		if !l.good(f.Key, f.Lease) {
			continue
		}
		l.void(func(k string) bool { return k == f.Key })
		if err := l.store.Set(ctx, f.Key, f.Value, ttl); err != nil {
			failed[f.Key] = err
		} else {
			filled[i] = true
		}
	}
	return filled, failed.OrNil()
}

func (l *leased) filled() {
	if l.afterFill != nil {
		l.afterFill()
	}
}

func (l *leased) Release(ctx context.Context, key string, token driver.Lease) (bool, error) {
	if err := l.enter(ctx); err != nil {
		return false, err
	}
	defer l.mu.Unlock()
	good := l.good(key, token)
	if good {
		l.void(func(k string) bool { return k == key })
	}
	return good, nil
}

func (l *leased) Await(ctx context.Context, key string) error {
	for {
		if err := l.enter(ctx); err != nil {
			return err
		}
		_, err := l.store.Get(ctx, key)
		h, taken := l.of(key)
		news := l.news
		l.mu.Unlock()
		if err == nil || !taken {
			return nil
		}
		if err := l.wait(ctx, news, time.Until(h.until)); err != nil || l.jumpy {
			return err
		}
	}
}

func (l *leased) wait(ctx context.Context, news <-chan struct{}, left time.Duration) error {
	over := time.NewTimer(left)
	defer over.Stop()
	select {
	case <-news:
	case <-over.C:
	case <-ctx.Done():
		return ctx.Err()
	case <-l.ended:
		return driver.ErrClosed
	}
	return nil
}

// leases is how many there are.
func (c *common) leases() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.held {
		c.of(key)
	}
	return len(c.held)
}

// process is a cache as another process has it: with a store of its own on the common data.
type process struct {
	*larder.Cache
	faulty *drivertest.Faulty
}

func (c *common) open(t testing.TB, opts ...larder.Option) process {
	t.Helper()
	f := drivertest.NewFaulty(c.process())
	cache, err := larder.New(f, append(opts, quiet())...)
	ok(t, err)
	t.Cleanup(func() { f.Heal(); _ = cache.Close() })
	return process{cache, f}
}

func TestLeasedStore(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{
		Open: func(t *testing.T) driver.Store { return newCommon(t).process() },
		OpenShared: func(t *testing.T) (a, b driver.Store) {
			c := newCommon(t)
			return c.process(), c.process()
		},
		Capabilities: []drivertest.Capability{drivertest.Adder, drivertest.Counter, drivertest.Swapper, drivertest.Clearer, drivertest.PrefixClearer, drivertest.Leaser},
		VirtualTime:  true, VersionsAreValues: true,
	})
}
