package larder

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/larder-go/larder/driver"
)

// How long a near copy waits before it tries again to watch: from the first to the last, each twice as long, more or less.
const (
	firstNearPause = 100 * time.Millisecond
	lastNearPause  = 5 * time.Second
)

// follow watches until ctx ends. As long as there is no watch there are no copies.
func (n *near) follow(ctx context.Context, w driver.Watcher, prefix string) {
	defer close(n.ended)
	stop, err := n.watch(ctx, w, prefix)
	n.first = err
	close(n.ready)
	for pause := firstNearPause; err != nil; pause = min(2*pause, lastNearPause) {
		if declined(err) {
			n.doWithout()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // processes should not come all at once
		}
		stop, err = n.watch(ctx, w, prefix)
	}
	<-ctx.Done()
	stop()
}

func (n *near) watch(ctx context.Context, w driver.Watcher, prefix string) (stop func(), err error) {
	if w == nil {
		return nil, errors.ErrUnsupported
	}
	return w.Watch(ctx, prefix, n.told)
}

// doWithout lets copies live for a short while, as nobody tells of changes.
func (n *near) doWithout() {
	n.unwatched.Store(true)
	n.until.Store(always)
	n.logger.Info("larder: near copies live for near_ttl only: the server does not tell of changes", "engine", n.engine,
		"near_ttl", n.ttl)
}

// await returns when it is known whether there is a watch. That there will never be one is no error.
func (n *near) await(ctx context.Context) error {
	if n == nil {
		return nil
	}
	select {
	case <-n.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	if declined(n.first) {
		return nil
	}
	return n.first
}

// told is called by the engine, one call at a time.
func (n *near) told(e driver.Event) {
	switch e.Kind {
	case driver.Changed:
		n.stats.invalidations.Add(1)
		n.drop(e.Key)
	case driver.Gap:
		n.stats.gaps.Add(1)
		n.until.Store(never) // at once: to drop all copies takes a while
		n.dropPrefix("")
	case driver.Alive:
		n.until.Store(int64(e.Until.Sub(n.start)))
	}
}
