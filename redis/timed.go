package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// GetTimed sends a GET and then a PTTL for each key, in one round trip to each server. If somebody writes in between, it is the
// old value with the new lifetime, and who watches is told of that write.
func (s *Store) GetTimed(ctx context.Context, keys []string) ([]driver.TimedResult, error) {
	c, err := s.link.client(ctx)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	b := c.client.B()
	cmds := make([]rueidis.Completed, 0, 2*len(keys))
	for _, key := range keys {
		cmds = append(cmds, b.Get().Key(key).Build(), b.Pttl().Key(key).Build())
	}
	replies := c.client.DoMulti(ctx, cmds...)
	results := make([]driver.TimedResult, len(keys))
	for i := range results {
		if results[i], err = timedResult(replies[2*i], replies[2*i+1]); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// timedResult reads the answers to GET and PTTL (-2: it has ended just now; -1: it has no end). Its error is a fault that concerns
// more than this key.
func timedResult(get, pttl rueidis.RedisResult) (r driver.TimedResult, err error) {
	r.Value, err = get.AsBytes()
	if r.Err = explain(err); r.Err != nil && !ofOneKey(r.Err) {
		return r, r.Err
	}
	if r.Err != nil {
		return r, nil
	}
	left, err := pttl.ToInt64()
	switch {
	case denied(err):
		return r, errors.ErrUnsupported
	case err != nil:
		return r, explain(err)
	case left == -2:
		return driver.TimedResult{Err: driver.ErrMiss}, nil
	case left >= 0:
		r.TTL = max(time.Duration(left)*time.Millisecond, 1) // what is about to end has an end
	}
	return r, nil
}
