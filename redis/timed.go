package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// GetTimed sends a GET and then a PTTL for each key, in one round trip to each server for some hundreds. If somebody writes in between, it is the
// old value with the new lifetime, and who watches is told of that write.
func (s *Store) GetTimed(ctx context.Context, keys []string) ([]driver.TimedResult, error) {
	c, err := s.client(ctx)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	b := c.B()
	cmds := make([]rueidis.Completed, 0, 2*len(keys))
	for _, key := range keys {
		cmds = append(cmds, b.Get().Key(key).Build(), b.Pttl().Key(key).Build())
	}
	replies := c.DoBatch(ctx, cmds...)
	results := make([]driver.TimedResult, len(keys))
	for i := range results {
		get, pttl := replies[2*i], replies[2*i+1]
		if results[i] = timedResult(get, pttl); results[i].Err != nil && get.Error() == nil && denied(pttl.Error()) {
			return nil, errors.ErrUnsupported
		}
	}
	return results, allFailed(results, func(r driver.TimedResult) error { return r.Err })
}

// timedResult reads the answers to GET and PTTL (-2: it has ended just now; -1: it has no end).
func timedResult(get, pttl rueidis.RedisResult) driver.TimedResult {
	value, err := get.AsBytes()
	if err != nil {
		return driver.TimedResult{Err: explain(err)}
	}
	left, err := pttl.ToInt64()
	switch {
	case err != nil:
		return driver.TimedResult{Err: explain(err)}
	case left == -2:
		return driver.TimedResult{Err: driver.ErrMiss}
	case left == -1:
		return driver.TimedResult{Value: value}
	}
	return driver.TimedResult{Value: value, TTL: max(time.Duration(left)*time.Millisecond, 1)} // what is about to end has an end
}
