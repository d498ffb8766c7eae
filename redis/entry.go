package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"
)

// Resolution is the unit of lifetimes: a ttl is rounded up to it.
const Resolution = time.Millisecond

// Get returns the value of key.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	c, err := s.link.client(ctx)
	if err != nil {
		return nil, err
	}
	value, err := c.client.Do(ctx, c.client.B().Get().Key(key).Build()).AsBytes()
	return value, explain(err)
}

// milliseconds rounds ttl up.
func milliseconds(ttl time.Duration) int64 {
	return int64((ttl + Resolution - 1) / Resolution)
}

// setCommand is SET with its lifetime in the same command.
func setCommand(b rueidis.Builder, key string, value []byte, ttl time.Duration) rueidis.Completed {
	cmd := b.Set().Key(key).Value(rueidis.BinaryString(value))
	if ttl == 0 {
		return cmd.Build()
	}
	return cmd.PxMilliseconds(milliseconds(ttl)).Build()
}
