package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// followLeases listens to what is told of leases, until the store is closed or the server turns out to tell nothing.
func (s *Store) followLeases() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for failed := 0; ; failed++ {
		limited, done := context.WithTimeout(ctx, driver.AliveWithin)
		stop, err := s.watch(limited, ctx, leasePrefix, s.leases.told)
		done()
		switch {
		case err == nil:
			<-s.closed
			stop()
			return
		case errors.Is(err, errors.ErrUnsupported):
			s.logger.Info("larder: redis: waiting for other processes' loads will poll", "reason", err)
			return
		}
		if _, err := s.pause(ctx, nil, pauseAfter(failed)); err != nil {
			return
		}
	}
}

// voids tells whether a command that writes with this ttl has to delete the key's lease in the same round trip: where the
// entry may be gone again before anybody looks whether it is there, and while leases are not told of.
func (s *Store) voids(ttl time.Duration) bool {
	return ttl > 0 && ttl <= driver.MaxLease || !s.leases.clear()
}

// wrote is to be called after the server has acknowledged a write that did not delete the key's lease. It does so if
// there may be one.
func (s *Store) wrote(ctx context.Context, c *connected, key string) error {
	if !s.leases.mayExist(key) {
		return nil
	}
	return leaseError(c.client.Do(ctx, unlinkCommand(c.client.B(), leaseKey(key))))
}

// The keys of these scripts are the entry's and its lease's.
var (
	// acquireScript returns the value, or false and whether the lease is granted. ARGV: token, milliseconds.
	acquireScript = newScript(`
local v = redis.call('GET', KEYS[1])
if v then return {v} end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {false, 1} end
return {false, 0}`)

	// renewScript gives a lease up whose key is there: that is how a write by a program that knows no leases is noticed.
	// ARGV: token, milliseconds.
	renewScript = newScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('UNLINK', KEYS[2]) return 0 end
return redis.call('PEXPIRE', KEYS[2], ARGV[2])`)

	// fillScript stores what was loaded. ARGV: token, value, milliseconds or 0.
	fillScript = newScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`)

	// releaseScript tells whether the lease was still good. ARGV: token.
	releaseScript = newScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[2])
return 1 - redis.call('EXISTS', KEYS[1])`)
)

// Acquire looks for the keys, and asks for the lease of those that are absent.
func (s *Store) Acquire(ctx context.Context, keys []string, d time.Duration) ([]driver.Grant, error) {
	tokens := make([]string, len(keys))
	calls := make([]invocation, len(keys))
	for i, key := range keys {
		tokens[i] = rand.Text()
		calls[i] = invocation{keys: []string{key, leaseKey(key)}, args: []string{tokens[i], decimal(milliseconds(d))}}
	}
	replies, err := s.runMany(ctx, acquireScript, calls)
	if err != nil {
		return nil, err
	}
	grants := make([]driver.Grant, len(keys))
	for i := range replies {
		grants[i] = grantOf(replies[i], tokens[i])
		if err := grants[i].Err; err != nil && !ofOneKey(err) {
			return nil, err
		}
	}
	return grants, nil
}

func grantOf(reply rueidis.RedisResult, token string) driver.Grant {
	answer, err := reply.ToArray()
	if err != nil {
		return driver.Grant{Err: explain(err)}
	}
	if len(answer) == 1 {
		value, err := answer[0].AsBytes()
		return driver.Grant{Value: value, Err: explain(err)}
	}
	if len(answer) != 2 {
		return driver.Grant{Err: errors.New("an answer of the wrong length")}
	}
	if granted, err := answer[1].ToInt64(); err != nil || granted == 0 {
		return driver.Grant{Err: orMiss(explain(err))}
	}
	return driver.Grant{Err: driver.ErrMiss, Lease: driver.Lease(token)}
}

func orMiss(err error) error {
	if err == nil {
		return driver.ErrMiss
	}
	return err
}

// Renew gives the lease the time d from now on.
func (s *Store) Renew(ctx context.Context, key string, l driver.Lease, d time.Duration) (bool, error) {
	return s.ask(ctx, renewScript, key, string(l), decimal(milliseconds(d)))
}

// Release gives the lease back, and tells whether it was still good.
func (s *Store) Release(ctx context.Context, key string, l driver.Lease) (bool, error) {
	return s.ask(ctx, releaseScript, key, string(l))
}

// ask runs a script that answers yes or no.
func (s *Store) ask(ctx context.Context, sc *script, key string, args ...string) (bool, error) {
	replies, err := s.runMany(ctx, sc, []invocation{{keys: []string{key, leaseKey(key)}, args: args}})
	if err != nil {
		return false, err
	}
	n, err := replies[0].ToInt64()
	return n == 1, explain(err)
}

// Fill stores what was loaded under leases.
func (s *Store) Fill(ctx context.Context, fillings []driver.Filling, ttl time.Duration) ([]bool, error) {
	calls := make([]invocation, len(fillings))
	for i, f := range fillings {
		calls[i] = invocation{
			keys: []string{f.Key, leaseKey(f.Key)},
			args: []string{string(f.Lease), string(f.Value), decimal(milliseconds(ttl))},
		}
	}
	replies, err := s.runMany(ctx, fillScript, calls)
	if err != nil {
		return nil, err
	}
	filled, failed := make([]bool, len(fillings)), driver.KeyErrors{}
	for i := range replies {
		n, err := replies[i].ToInt64()
		if err = explain(err); err != nil && !ofOneKey(err) {
			return nil, err
		}
		if err != nil {
			failed[fillings[i].Key] = err
		}
		filled[i] = n == 1
	}
	return filled, failed.OrNil()
}

// runMany runs a script for many keys in one round trip to each server.
func (s *Store) runMany(ctx context.Context, sc *script, calls []invocation) ([]rueidis.RedisResult, error) {
	c, err := s.link.client(ctx)
	if err != nil {
		return nil, err
	}
	return sc.run(ctx, c.client, calls), nil
}

// ofOneKey tells whether an error concerns a single key, so that others may do better.
func ofOneKey(err error) bool {
	_, reply := rueidis.IsRedisErr(err)
	return reply || errors.Is(err, driver.ErrMiss) || errors.Is(err, driver.ErrCodec)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
