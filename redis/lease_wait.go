package redis

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
)

// On a server that does not tell of leases they are asked for, at first often.
const (
	firstPoll = 5 * time.Millisecond
	lastPoll  = 100 * time.Millisecond
)

// answersWithin is how long Await waits for an answer. Its context lasts as long as another process may load, and its caller has better
// things to do than to wait for a server that is frozen.
const answersWithin = driver.AliveWithin / 2

// Await returns once key may be there or its lease is free.
func (s *Store) Await(ctx context.Context, key string) error {
	woken, leave := s.leases.wait(key)
	defer leave()
	for poll := firstPoll; ; poll = min(2*poll, lastPoll) {
		// Asked after the wait has begun: what changes from here on wakes.
		left, tells, err := s.leaseLeft(ctx, key)
		if err != nil || left == 0 {
			return err
		}
		if !tells {
			left = min(left, poll)
		}
		// What wakes may be a renewal: then it goes on waiting.
		if err := s.pause(ctx, woken, left); err != nil {
			return err
		}
	}
}

// pause waits for so long, or until there is news.
func (s *Store) pause(ctx context.Context, woken <-chan struct{}, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-woken:
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.life.Done():
		return driver.ErrClosed
	}
	return nil
}

// leaseLeft returns how long the lease on key has, 0 if it is free or key is there, and whether the server tells of a change after that.
// Whether it does is looked at before the question. In the other order the end of the lease may be neither seen nor heard:
//
//	this process asks; the lease is there
//	the lease is given back: that is not told, because news has not begun
//	news begins
//	the answer is read, and there is news: this process waits for it
func (s *Store) leaseLeft(ctx context.Context, key string) (left time.Duration, tells bool, err error) {
	c, err := s.client(ctx)
	if err != nil {
		return 0, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	tells = s.leases.live()
	b := c.B()
	replies := c.DoMulti(ctx, b.Exists().Key(key).Build(), b.Pttl().Key(leaseKey(key)).Build())
	there, err := replies[0].ToInt64()
	if err != nil || there > 0 {
		return 0, false, explain(err)
	}
	n, err := replies[1].ToInt64()
	if n == -1 { // nobody makes leases without an end; wait as for a long one
		n = int64(driver.MaxLease / time.Millisecond)
	}
	// A millisecond more than the server says, because its clock ticks.
	return time.Duration(max(n+1, 0)) * time.Millisecond, tells, explain(err)
}
