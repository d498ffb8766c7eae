package keystore

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	freeLosses = 3 // races that may be lost before there is a pause
	firstPause = time.Millisecond
	lastPause  = 50 * time.Millisecond
)

// pause waits for a random time before the next attempt of one that has lost races, so that many writers do
// not take each other's turn again and again. It returns early, with an error, when ctx ends.
func pause(ctx context.Context, losses int) error {
	if losses <= freeLosses {
		return ctx.Err()
	}
	t := time.NewTimer(rand.N(min(lastPause, firstPause<<min(losses-freeLosses, 10))))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
