package redis

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// incrScript adds ARGV[1] to an integer as Redis writes them, and returns the text of the sum, which is what GET returns: Lua
// would make a double of INCRBY's answer, and 2^53+1 comes back as 2^53. What INCRBY does not take is returned in a list:
// package driver decides. An absent key becomes ARGV[1], and lives ARGV[2] milliseconds.
var incrScript = newStoring(`
local v = redis.call('GET', KEYS[1])
if not v then
  store(ARGV[1], ARGV[2])
else
  void()
  local r = redis.pcall('INCRBY', KEYS[1], ARGV[1])
  if type(r) == 'table' then return {v} end
end
return redis.call('GET', KEYS[1])`)

// Incr adds delta to the integer at key.
func (s *Store) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	for {
		n, odd, err := s.incr(ctx, key, delta, ttl)
		if err != nil || odd == nil {
			return n, err
		}
		// 007 and -0 are numbers for larder, not for INCRBY; or it is none, or there is no room.
		sum, err := driver.AddInt(string(odd), delta)
		if err != nil {
			return 0, err
		}
		if done, err := s.swap(ctx, key, odd, decimal(sum), driver.KeepTTL); done || err != nil {
			return sum, err
		}
	}
}

// incr runs the script. odd is what is there if INCRBY cannot add to it.
func (s *Store) incr(ctx context.Context, key string, delta int64, ttl time.Duration) (sum int64, odd []byte, err error) {
	reply, err := s.runOne(ctx, incrScript, key, decimal(delta), decimal(milliseconds(ttl)))
	if err != nil {
		return 0, nil, err
	}
	if reply.IsArray() {
		odd, err = oddValue(reply)
		return 0, odd, err
	}
	text, err := reply.ToString()
	if err != nil {
		return 0, nil, explain(err)
	}
	sum, err = strconv.ParseInt(text, 10, 64)
	return sum, nil, err
}

func oddValue(reply rueidis.RedisMessage) ([]byte, error) {
	list, err := reply.ToArray()
	if err != nil || len(list) != 1 {
		return nil, first(err, errReply)
	}
	return list[0].AsBytes()
}

// IncrFloat adds in Go and stores the sum if the entry is still what was added to. INCRBYFLOAT would need one round trip, but it
// takes hexadecimal, inf and leading spaces, knows no overflow of a float64, and its long double and 17 decimals differ
// between machines and from what package driver says.
func (s *Store) IncrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (float64, error) {
	for {
		old, err := s.Get(ctx, key)
		if errors.Is(err, driver.ErrMiss) {
			text := driver.FormatFloat(delta)
			if done, err := s.Add(ctx, key, []byte(text), ttl); done || err != nil {
				return delta, err
			}
			continue
		}
		if err != nil {
			return 0, err
		}
		sum, text, err := driver.AddFloat(string(old), delta)
		if err != nil {
			return 0, err
		}
		if done, err := s.swap(ctx, key, old, text, driver.KeepTTL); done || err != nil {
			return sum, err
		}
	}
}
