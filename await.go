package larder

import (
	"context"
	"errors"
	"time"

	"github.com/larder-go/larder/internal/flight"
	"github.com/larder-go/larder/internal/pause"
)

// awaitAgain is how long a call waits before it asks again, if the engine cannot tell it when to.
const awaitAgain = 100 * time.Millisecond

// patience is a call's wait for the loads of other processes.
type patience struct {
	cache *Cache
	ctx   context.Context // lives no longer than the call
	until time.Time       // zero: as long as it takes
}

// patience of a call that is made by a loader ends after a lease's time, counted from here, because two processes whose loaders wait for
// each other cannot find that out. Each of them is alive and renews its lease: no time-out of a lease ends that.
func (c *Cache) patience(ctx context.Context) patience {
	p := patience{cache: c, ctx: ctx}
	if flight.Nested(ctx) {
		p.until = time.Now().Add(leaseTime)
	}
	return p
}

func (p *patience) over() bool { return !p.until.IsZero() && !time.Now().Before(p.until) }

// await returns when it is worth asking again for key, or patience is over. An engine that fails to tell is asked again after a
// while: if it lives, one process loads and not all that wait.
func (p *patience) await(key string) error {
	ctx := p.ctx
	if !p.until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, p.until)
		defer cancel()
	}
	err := p.cache.engine.leaser.Await(ctx, key)
	switch {
	case p.ctx.Err() != nil:
		return p.ctx.Err()
	case errors.Is(err, ErrClosed):
		return err
	case err != nil && !p.over():
		return pause.For(p.ctx, awaitAgain, p.cache.closed)
	}
	return nil
}
