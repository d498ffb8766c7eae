package keystore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/larder-go/larder/driver"
)

// Put stores value under key with the lifetime ttl (0: no expiry) and publishes it, in one step where the
// store is a driver.Notifier: a writer that dies at any moment leaves no value that nobody was told of. If an
// entry is there, final is asked whether it has to stay, and then Put does nothing and tells so. final is
// called on the caller's goroutine with the bytes that are there, once for each state of the entry that is
// met. It must not change them. What is no proper value is its decision too.
//
// Whoever else writes with Put, or with a program that writes in one step: what final has called final stays.
// A Put that loses a race reads again, as often as it takes and less often with time, until ctx ends.
//
// An error of the store is returned as it is. After driver.ErrTooLarge the entry is as it was. What is at key
// and cannot be read is replaced without asking final, as long as nobody has stored another value; where the
// store cannot do that in one step it stays, and the error is driver.ErrCodec.
// errors.ErrUnsupported: the store cannot write in one step, and nothing was done. After any other error it
// is not known whether value was stored.
func Put(ctx context.Context, store driver.Store, key string, value []byte, ttl time.Duration, final func(old []byte) bool) (stored bool, err error) {
	w, err := writerFor(store)
	if err != nil {
		return false, err
	}
	for losses := 0; ; losses++ {
		if err := waitForTurn(ctx, losses); err != nil {
			return false, err
		}
		old, v, err := w.read(ctx, key)
		readable := err == nil
		if !readable && (v == nil || !errors.Is(err, driver.ErrCodec)) {
			return false, err
		}
		if readable && v != nil && final(old) {
			return false, nil
		}
		if stored, err := w.write(ctx, key, v, value, ttl); stored || err != nil {
			return stored, err
		}
	}
}

// writer replaces the state of an entry that was read, in one step.
type writer struct {
	swapper  driver.Swapper
	notifier driver.Notifier // nil: nobody is told
	adder    driver.Adder    // nil only with a notifier
}

func writerFor(store driver.Store) (*writer, error) {
	w := &writer{}
	w.swapper, _ = store.(driver.Swapper)
	w.notifier, _ = store.(driver.Notifier)
	w.adder, _ = store.(driver.Adder)
	if w.swapper == nil || w.notifier == nil && w.adder == nil {
		return nil, fmt.Errorf("%w: the engine cannot replace a value in one step", errors.ErrUnsupported)
	}
	return w, nil
}

// read returns the entry and its version, nil if there is none.
func (w *writer) read(ctx context.Context, key string) ([]byte, driver.Version, error) {
	old, v, err := w.swapper.GetVersion(ctx, key)
	switch {
	case errors.Is(err, driver.ErrMiss):
		return nil, nil, nil
	case err != nil:
		return nil, v, err
	case v == nil: // it would mean that there is no entry
		return nil, nil, fmt.Errorf("%w: the engine knows no version of the entry", errors.ErrUnsupported)
	}
	return old, v, nil
}

// write tells whether the entry was still in version v.
func (w *writer) write(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if w.notifier != nil {
		stored, err := w.notifier.SwapNotify(ctx, key, v, value, ttl)
		if w.adder == nil || !errors.Is(err, errors.ErrUnsupported) {
			return stored, err
		}
	}
	if v == nil {
		return w.adder.Add(ctx, key, value, ttl)
	}
	return w.swapper.Swap(ctx, key, v, value, ttl)
}
