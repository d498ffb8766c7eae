package larder

import (
	"context"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
)

// leaseTime is how long a loader that has died keeps other processes waiting. A living one renews its lease three times in it.
const leaseTime = 3 * driver.RenewLease

// lease is the right of this process to fill the key of a load, which it keeps up until the load has ended.
type lease struct {
	engine *engine
	tasks  *tasks
	key    string // on the wire
	token  driver.Lease
	mu     sync.Mutex
	timer  *time.Timer // nil once nobody needs the lease any more
}

// newLease returns nil if there is no lease to keep up.
func (c *Cache) newLease(key string, token driver.Lease) *lease {
	if token == "" {
		return nil
	}
	l := &lease{engine: &c.engine, tasks: c.tasks, key: key, token: token}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer = time.AfterFunc(driver.RenewLease, l.renew)
	return l
}

func (l *lease) renew() {
	if !l.tasks.begin() {
		return
	}
	defer l.tasks.running.Done()
	ctx, cancel := context.WithTimeout(l.tasks.ctx, leaseTime)
	defer cancel()
	good, err := l.engine.leaser.Renew(ctx, l.key, l.token, leaseTime)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil && (good || err != nil) {
		l.timer.Reset(driver.RenewLease)
	}
}

// stop ends the renewal.
func (l *lease) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
}

// release gives the lease back, and tells whether it was good to the end: if not, or if nobody knows, another process may have
// written or deleted the key since the load began.
func (l *lease) release(ctx context.Context) bool {
	l.stop()
	ctx, cancel := context.WithTimeout(ctx, leaseTime)
	defer cancel()
	limited, done := l.engine.limit(ctx)
	defer done()
	good, err := l.engine.leaser.Release(limited, l.key, l.token)
	if err != nil {
		l.drop() // or others would wait for nothing until the lease's time is over
	}
	return good && err == nil
}

// fill stores v if the lease is still good, and uses it up.
func (l *lease) fill(ctx context.Context, v driver.Value, ttl time.Duration) (bool, error) {
	l.stop()
	return l.engine.fillLeased(ctx, l.key, l.token, v, ttl)
}

// drop gives the lease back when nobody waits for that. Close does, for a while: the next process need not wait for one
// that ends in good order.
func (l *lease) drop() {
	l.stop()
	l.tasks.run(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime/3)
		defer cancel()
		_, _ = l.engine.leaser.Release(ctx, l.key, l.token)
	})
}
