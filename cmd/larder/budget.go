package main

import (
	"context"
	"sync"
)

// budget bounds the bytes that are on their way to the engine.
type budget struct {
	mu    sync.Mutex
	freed sync.Cond
	most  int
	taken int
}

func newBudget(most int) *budget {
	b := &budget{most: most}
	b.freed.L = &b.mu
	return b
}

// take waits until there is room for n bytes. What is larger than the whole goes when nothing else is on its way.
func (b *budget) take(ctx context.Context, n int) error {
	stop := context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.freed.Broadcast()
	})
	defer stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.taken > 0 && b.taken+n > b.most {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b.freed.Wait()
	}
	b.taken += n
	return ctx.Err()
}

// give gives n bytes back.
func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken -= n
	b.freed.Broadcast()
}
