package celery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/larder-go/larder/driver"
)

// Entry is what MGet found for one key, a struct of two fields: Value []byte, and Err error, which is ErrMiss
// for an absent key and otherwise concerns this key alone; then there is no Value.
type Entry = driver.Result

// Get returns what is stored under key, or ErrMiss. An empty value is no miss. The caller does not write to it.
func (b *Backend) Get(ctx context.Context, key string) (value []byte, err error) {
	if err := b.begin(ctx, key); err != nil {
		return nil, b.fail("get", key, err)
	}
	err = b.always(ctx, "get", func() error {
		value, err = b.engine.store.Get(ctx, key)
		return err
	})
	return value, b.fail("get", key, err)
}

// MGet returns one Entry for each key, in the order of keys, in one round trip for each server. An error
// means that nothing is known about any of them. No keys are no round trip.
func (b *Backend) MGet(ctx context.Context, keys []string) ([]Entry, error) {
	if err := b.ready(ctx); err != nil {
		return nil, b.fail("mget", "", err)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	entries, err := b.engine.getMany(ctx, shortKeys(keys))
	if err != nil {
		return nil, b.fail("mget", "", err)
	}
	for i, key := range keys {
		if len(key) > driver.MaxKeyLen {
			entries[i] = Entry{Err: ErrBadKey}
		}
		entries[i].Err = b.fail("mget", key, entries[i].Err)
	}
	return entries, nil
}

// shortKeys are the keys with nothing in the place of those that are too long for any engine.
func shortKeys(keys []string) []string {
	isLong := func(key string) bool { return len(key) > driver.MaxKeyLen }
	if !slices.ContainsFunc(keys, isLong) {
		return keys
	}
	short := slices.Clone(keys)
	for i := range short {
		if isLong(short[i]) {
			short[i] = ""
		}
	}
	return short
}

// begin is what every method does first: package driver promises an engine that keys are not too long.
func (b *Backend) begin(ctx context.Context, key string) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	if len(key) > driver.MaxKeyLen {
		return fmt.Errorf("%w: it has %d bytes, more than %d", ErrBadKey, len(key), driver.MaxKeyLen)
	}
	return nil
}

// Set stores value under key for as long as results live (Expires), and on engines with channels
// publishes it on the one named like the key, in the same atomic step. On Redis it is repeated as
// retry_policy says when the connection fails; then the value may have been published more than once.
// ErrTooLarge leaves what was there.
func (b *Backend) Set(ctx context.Context, key string, value []byte) error {
	if err := b.begin(ctx, key); err != nil {
		return b.fail("set", key, err)
	}
	return b.fail("set", key, b.always(ctx, "set", func() error {
		return b.byPolicy(ctx, "set", func() error { return b.set(ctx, key, value) })
	}))
}

func (b *Backend) set(ctx context.Context, key string, value []byte) error {
	if b.engine.notify != nil {
		err := b.engine.notify.SetNotify(ctx, key, value, b.ttl)
		if !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	if len(value) >= largeValue && b.engine.swap != nil && b.engine.adder != nil {
		return b.replace(ctx, key, value)
	}
	return b.engine.store.Set(ctx, key, value, b.ttl)
}

// largeValue is from where on a value may be too large for memcached (its limit is 1 MiB if nobody has
// changed it), whose Set would then delete what is there. Celery's clients lose the new value or the old one.
const largeValue = 512 << 10

// replace stores value without ever deleting what is there.
func (b *Backend) replace(ctx context.Context, key string, value []byte) error {
	for {
		done := false
		_, version, err := b.engine.swap.GetVersion(ctx, key)
		switch {
		case errors.Is(err, driver.ErrMiss):
			done, err = b.engine.adder.Add(ctx, key, value, b.ttl)
		case err == nil:
			done, err = b.engine.swap.Swap(ctx, key, version, value, b.ttl)
		case errors.Is(err, driver.ErrCodec): // nothing that could be kept
			return b.engine.store.Set(ctx, key, value, b.ttl)
		}
		if done || err != nil {
			return err
		}
	}
}

// Delete removes key, and tells whether it was there.
func (b *Backend) Delete(ctx context.Context, key string) (bool, error) {
	if err := b.begin(ctx, key); err != nil {
		return false, b.fail("delete", key, err)
	}
	found, err := b.engine.store.Delete(ctx, key)
	return found, b.fail("delete", key, err)
}

// Incr adds 1 to the integer under key, and returns the sum; the lifetime stays. A missing one becomes 1 and
// lives as long as results do, except for the counter of a chord (chord-unlock-…): a chord whose counter has
// been lost and counts again from 1 would never be done, so there it is ErrMiss; and ErrMaybeCounted after an
// answer that was lost. ErrNotNumber and ErrOverflow leave the value as it is.
func (b *Backend) Incr(ctx context.Context, key string) (int64, error) {
	if err := b.begin(ctx, key); err != nil {
		return 0, b.fail("incr", key, err)
	}
	var sum int64
	var err error
	switch {
	case b.isChordCounter(key):
		sum, err = b.incrPresent(ctx, key)
	case b.engine.count == nil:
		err = errors.ErrUnsupported
	default:
		sum, err = b.engine.count.Incr(ctx, key, 1, b.ttl)
	}
	return sum, b.fail("incr", key, err)
}

// Expire gives key a lifetime of that many seconds from now on, and tells whether key is there. 0 is for
// ever, as on memcached: Redis would delete. Below zero, or above 100 years, is ErrBadTTL.
func (b *Backend) Expire(ctx context.Context, key string, seconds int) (bool, error) {
	if err := b.begin(ctx, key); err != nil {
		return false, b.fail("expire", key, err)
	}
	switch {
	case seconds < 0 || int64(seconds) > math.MaxInt64/int64(time.Second) || time.Duration(seconds)*time.Second > driver.MaxTTL:
		return false, b.fail("expire", key, ErrBadTTL)
	case b.engine.touch == nil:
		return false, b.fail("expire", key, errors.ErrUnsupported)
	}
	found, err := b.engine.touch.Touch(ctx, key, time.Duration(seconds)*time.Second)
	return found, b.fail("expire", key, err)
}
