// Package pause waits for some time, as callers do who try again.
package pause

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
)

// For waits for d. It returns early with the error of ctx when that ends, or with driver.ErrClosed when closed is closed
// (nil: never is). If ctx has ended before, it does not wait at all, also where d is 0.
func For(ctx context.Context, d time.Duration, closed <-chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-closed:
		return driver.ErrClosed
	}
}
