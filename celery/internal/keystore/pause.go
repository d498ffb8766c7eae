package keystore

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/larder-go/larder/internal/pause"
)

const (
	freeLosses = 3 // races that may be lost before there is a pause
	firstPause = time.Millisecond
	lastPause  = 50 * time.Millisecond
)

// waitForTurn waits for a random time before the next attempt of one that has lost races, so that many writers do not
// take each other's turn again and again. It returns early, with an error, when ctx ends.
func waitForTurn(ctx context.Context, losses int) error {
	if losses <= freeLosses {
		return ctx.Err()
	}
	return pause.For(ctx, rand.N(min(lastPause, firstPause<<min(losses-freeLosses, 10))), nil)
}
