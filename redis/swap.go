package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// swapScript replaces ARGV[1] by ARGV[2], with the lifetime ARGV[3].
var swapScript = newStoring(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if not store(ARGV[2], ARGV[3]) then return 0 end
return 1`)

// GetVersion is Get: a string of Redis has no version but its value. An entry that was written again with the same value counts
// as the same.
func (s *Store) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	value, err := s.Get(ctx, key)
	switch {
	case errors.Is(err, driver.ErrCodec):
		return nil, foreign{}, err
	case err != nil:
		return nil, nil, err
	}
	return value, version(value), nil
}

// foreign is the version of whatever is no string. Only SwapNotify takes it.
type foreign struct{}

// version is a value that is known to be the one that was read.
type version []byte

// Swap replaces the entry if its value is the one that was read.
func (s *Store) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	old, ok := v.(version)
	if !ok { // another store's, or none: this entry never was in it
		_, err := s.client(ctx)
		return false, first(err, ctx.Err())
	}
	if _, err := s.client(ctx); err != nil {
		return false, err
	}
	if !s.fits(value) {
		return false, driver.ErrTooLarge
	}
	return s.swap(ctx, key, old, text(ctx, value), ttl)
}

func (s *Store) swap(ctx context.Context, key string, old []byte, value string, ttl time.Duration) (bool, error) {
	// What was read is never changed, so that it need not be copied.
	reply, err := s.runOne(ctx, swapScript, key, rueidis.BinaryString(old), value, lifetime(ttl))
	if err != nil {
		return false, err
	}
	n, err := reply.ToInt64()
	return n == 1, explain(err)
}

// runOne runs a script whose keys are an entry's and its lease's.
//
// While a slot moves to another server of a cluster, a command on two keys of which one is not there is refused with TRYAGAIN, and
// there hardly ever is a lease. Then the script gets the entry's key alone, and the lease is deleted afterwards, as write does. So it is if
// the user has no rights to leases: then he has none (see leaseError).
func (s *Store) runOne(ctx context.Context, sc *script, key string, args ...string) (rueidis.RedisMessage, error) {
	c, err := s.client(ctx)
	if err != nil {
		return rueidis.RedisMessage{}, err
	}
	reply := sc.run(ctx, c, []invocation{{keys: []string{key, leaseKey(key)}, args: args}})[0]
	if e, ok := rueidis.IsRedisErr(reply.Error()); ok && (e.IsTryAgain() || denied(reply.Error())) {
		if reply = sc.run(ctx, c, []invocation{{keys: []string{key}, args: args}})[0]; reply.Error() == nil {
			err = leaseError(c.Do(ctx, unlinkCommand(c.B(), leaseKey(key))))
		}
	}
	message, failed := reply.ToMessage()
	return message, explain(first(failed, err))
}
