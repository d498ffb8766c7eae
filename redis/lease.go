package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// followLeases listens to what is told of leases, until the store is closed or the server turns out to tell nothing.
func (s *Store) followLeases() {
	ctx := s.life
	for failed := 0; ; failed++ {
		limited, done := context.WithTimeout(ctx, driver.AliveWithin)
		stop, err := s.watch(limited, ctx, leasePrefix, s.leases.told)
		done()
		switch {
		case err == nil:
			<-ctx.Done()
			stop()
			return
		case errors.Is(err, errors.ErrUnsupported):
			s.logger.Info("larder: redis: waiting for other processes' loads will poll", "reason", err)
			return
		}
		if err := s.pause(ctx, nil, pauseAfter(failed)); err != nil {
			return
		}
	}
}

// voids tells whether a command that writes key has to delete its lease in the same round trip: where the entry may be gone again
// before anybody looks whether it is there, where there may be a lease, and while leases are not told of.
func (s *Store) voids(key string, ttl time.Duration) bool {
	return passes(ttl) || !s.leases.clear() || s.leases.mayExist(key)
}

// passes tells whether an entry may be gone before a lease is. Its lease is deleted before it is written:
//
//	SET k with a ttl of 1 ms; k expires
//	                                     the load of another process ends, and is stored
//	UNLINK of its lease: too late
//
// The lease of an entry that stays is deleted after that, so that none is left which was taken in between.
func passes(ttl time.Duration) bool { return ttl > 0 && ttl <= driver.MaxLease }

// wrote is to be called after the server has acknowledged a write that did not delete the key's lease. It does so if
// there may be one by now.
func (s *Store) wrote(ctx context.Context, c rueidis.Client, key string) error {
	if !s.leases.mayExist(key) {
		return nil
	}
	return leaseError(c.Do(ctx, unlinkCommand(c.B(), leaseKey(key))))
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
	fillScript = newStoring(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
store(ARGV[2], ARGV[3])
return 1`)

	// releaseScript tells whether the lease was still good. ARGV: token.
	releaseScript = newScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[2])
return 1 - redis.call('EXISTS', KEYS[1])`)
)

// giveBackWithin is how long the server gets to hear that a lease is not wanted after all.
const giveBackWithin = time.Second

// Acquire looks for the keys, and asks for the lease of those that are absent.
func (s *Store) Acquire(ctx context.Context, keys []string, d time.Duration) ([]driver.Grant, error) {
	calls := make([]invocation, len(keys))
	for i, key := range keys {
		calls[i] = invocation{keys: []string{key, leaseKey(key)}, args: []string{rand.Text(), decimal(milliseconds(d))}}
	}
	replies, err := s.runMany(ctx, acquireScript, calls)
	if err != nil {
		return nil, err
	}
	grants := make([]driver.Grant, len(keys))
	for i := range replies {
		grants[i] = grantOf(replies[i], calls[i].args[0])
		if err := wholly(grants[i].Err); err != nil {
			s.giveBack(calls)
			return nil, err
		}
	}
	return grants, nil
}

// wholly returns what keeps all leases from being had. Who may not touch them does without: as if there were none.
func wholly(err error) error {
	switch {
	case err == nil, err == driver.ErrMiss: //nolint:errorlint // explain returns it bare
		return nil
	case denied(err), says(err, "ERR unknown command"):
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	case ofOneKey(err):
		return nil
	}
	return err
}

// giveBack gives leases back that may have been granted, though nobody has heard of that: the caller's ctx has ended, or the
// connection broke. Otherwise the next caller would wait until their time is over.
func (s *Store) giveBack(acquired []invocation) {
	if s.begin() != nil {
		return
	}
	go func() {
		defer s.running.Done()
		ctx, cancel := context.WithTimeout(context.Background(), giveBackWithin) // Close ends it, too
		defer cancel()
		_, _ = s.runMany(ctx, releaseScript, acquired) // which looks at the first argument only
	}()
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
	if _, err := s.client(ctx); err != nil {
		return nil, err
	}
	filled, failed := make([]bool, len(fillings)), driver.KeyErrors{}
	var calls []invocation
	var at []int // of each call's filling
	for i, f := range fillings {
		if !s.fits(f.Value) {
			failed[f.Key] = driver.ErrTooLarge
			if _, err := s.Release(ctx, f.Key, f.Lease); err != nil {
				return nil, err
			}
			continue
		}
		at = append(at, i)
		calls = append(calls, invocation{
			keys: []string{f.Key, leaseKey(f.Key)},
			args: []string{string(f.Lease), text(ctx, f.Value), lifetime(ttl)},
		})
	}
	replies, err := s.runMany(ctx, fillScript, calls)
	if err != nil {
		return nil, err
	}
	for i := range replies {
		n, err := replies[i].ToInt64()
		if err = explain(err); err != nil && !ofOneKey(err) {
			return nil, err
		}
		if err != nil {
			failed[fillings[at[i]].Key] = err
		}
		filled[at[i]] = n == 1
	}
	return filled, failed.OrNil()
}

// runMany runs a script for many keys in one round trip to each server.
func (s *Store) runMany(ctx context.Context, sc *script, calls []invocation) ([]rueidis.RedisResult, error) {
	c, err := s.client(ctx)
	if err != nil || len(calls) == 0 {
		return nil, err
	}
	return sc.run(ctx, c, calls), nil
}

// ofOneKey tells whether an error concerns a single key, so that others may do better.
func ofOneKey(err error) bool {
	return isReply(err) || errors.Is(err, driver.ErrMiss) || errors.Is(err, driver.ErrCodec)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
