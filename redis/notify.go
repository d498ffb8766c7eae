package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// notifyScript stores ARGV[2] and publishes it on the channel named like the key. ARGV[1]: any, absent (only if there is no
// entry), is (only if its value is ARGV[4]) or foreign (only if it is no string). ARGV[3]: milliseconds, 0 or keep. The keys are the entry's and its lease's.
//
// A script, and not a transaction: it takes one round trip, and a server of a cluster that does not have the key refuses all of
// it. Nothing is undone when a command of a script fails, so what can fail comes before the first write: only the right to
// publish is left, for which servers before Redis 7 cannot be asked. There the writer gets the error.
var notifyScript = newStoring(`
if ARGV[1] == 'absent' and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if ARGV[1] == 'is' and redis.call('GET', KEYS[1]) ~= ARGV[4] then return 0 end
if ARGV[1] == 'foreign' then
  local old = redis.pcall('GET', KEYS[1])
  if type(old) ~= 'table' then return 0 end
  if not string.find(old.err, 'WRONGTYPE', 1, true) then return old end
end
if redis.acl_check_cmd and not redis.acl_check_cmd('PUBLISH', KEYS[1], ARGV[2]) then
  return redis.error_reply('NOPERM no permission to publish on the channel of the key')
end
if not store(ARGV[2], ARGV[3]) then return 0 end
redis.call('PUBLISH', KEYS[1], ARGV[2])
return 1`)

// SetNotify stores value and publishes it.
func (s *Store) SetNotify(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if _, err := s.client(ctx); err != nil || ctx.Err() != nil {
		return first(err, ctx.Err())
	}
	if !s.fits(value) {
		return s.tooLarge(ctx, key)
	}
	_, err := s.notify(ctx, key, "any", value, ttl)
	return err
}

// SwapNotify stores value and publishes it if the entry's value is still the one that was read, or if there is none and v
// is nil.
func (s *Store) SwapNotify(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if _, err := s.client(ctx); err != nil {
		return false, err
	}
	old, ok := v.(version)
	_, odd := v.(foreign)
	switch {
	case v != nil && !ok && !odd: // another store's: this entry never was in it
		return false, ctx.Err()
	case !s.fits(value):
		return false, driver.ErrTooLarge
	case odd:
		return s.notify(ctx, key, "foreign", value, ttl)
	case v == nil:
		return s.notify(ctx, key, "absent", value, ttl)
	}
	return s.notify(ctx, key, "is", value, ttl, rueidis.BinaryString(old))
}

// notify runs the script. old is for the condition that has one.
func (s *Store) notify(ctx context.Context, key, condition string, value []byte, ttl time.Duration, old ...string) (bool, error) {
	reply, err := s.runOne(ctx, notifyScript, key, append([]string{condition, text(ctx, value), lifetime(ttl)}, old...)...)
	if err != nil {
		return false, err
	}
	n, err := reply.ToInt64()
	return n == 1, explain(err)
}
