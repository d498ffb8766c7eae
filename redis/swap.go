package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// GetVersion is Get: a string of Redis has no version but its value. An entry that was written again with the same value counts
// as the same.
func (s *Store) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	value, err := s.Get(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	return value, version(value), nil
}

// version is a value that is known to be the one that was read.
type version []byte

// Swap replaces the entry if its value is the one that was read.
func (s *Store) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	old, ok := v.(version)
	if !ok { // another store's, or none: this entry never was in it
		_, err := s.link.client(ctx)
		return false, first(err, ctx.Err())
	}
	if len(value) > maxValue {
		return false, driver.ErrTooLarge
	}
	return s.swap(ctx, key, old, text(ctx, value), ttl)
}

func (s *Store) swap(ctx context.Context, key string, old []byte, value string, ttl time.Duration) (bool, error) {
	lifetime := "keep"
	if ttl != driver.KeepTTL {
		lifetime = decimal(milliseconds(ttl))
	}
	// What was read is never changed, so that it need not be copied.
	reply, err := s.runOne(ctx, swapScript, key, rueidis.BinaryString(old), value, lifetime)
	if err != nil {
		return false, err
	}
	n, err := reply.ToInt64()
	return n == 1, explain(err)
}

// runOne runs a script whose keys are an entry's and its lease's.
func (s *Store) runOne(ctx context.Context, sc *script, key string, args ...string) (rueidis.RedisMessage, error) {
	replies, err := s.runMany(ctx, sc, []invocation{{keys: []string{key, leaseKey(key)}, args: args}})
	if err != nil {
		return rueidis.RedisMessage{}, err
	}
	reply, err := replies[0].ToMessage()
	return reply, explain(err)
}
