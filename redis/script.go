package redis

import (
	"context"
	"crypto/sha1" // the server names scripts by it
	"encoding/hex"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// script runs on the server, which keeps it by its sum until it is restarted. Its keys are in one slot.
type script struct{ text, sum string }

func newScript(text string) *script {
	sum := sha1.Sum([]byte(text))
	return &script{text: text, sum: hex.EncodeToString(sum[:])}
}

// newStoring makes a script that may use store(value, ttl), which voids the entry's lease (the second key, see runOne) and gives the entry
// (the first key) a value and a lifetime: milliseconds, 0 for none, or keep. It returns false, and does nothing, if
// there is nothing to keep: PTTL is 0 in an entry's last millisecond. SET KEEPTTL is not in Redis 5.
//
// The lease comes first: nothing is undone when a command fails, for want of the right to it, say.
func newStoring(text string) *script {
	return newScript(`
local function void()
  if KEYS[2] then redis.call('UNLINK', KEYS[2]) end
end
local function store(value, ttl)
  if ttl == 'keep' then
    ttl = redis.call('PTTL', KEYS[1])
    if ttl == 0 then return false end
  end
  void()
  if tonumber(ttl) > 0 then redis.call('SET', KEYS[1], value, 'PX', ttl)
  else redis.call('SET', KEYS[1], value) end
  return true
end` + text)
}

// lifetime is ttl for store.
func lifetime(ttl time.Duration) string {
	if ttl == driver.KeepTTL {
		return "keep"
	}
	return decimal(milliseconds(ttl))
}

// invocation is one run of a script.
type invocation struct{ keys, args []string }

// run does so for each invocation, in one round trip to each server; those that a server does not know the script for (which
// then has done nothing) are repeated with its text. Nothing else is ever repeated.
func (sc *script) run(ctx context.Context, c rueidis.Client, calls []invocation) []rueidis.RedisResult {
	cmds := make([]rueidis.Completed, len(calls))
	for i, call := range calls {
		cmds[i] = c.B().Evalsha().Sha1(sc.sum).Numkeys(int64(len(call.keys))).Key(call.keys...).Arg(call.args...).Build()
	}
	replies := do(ctx, c, cmds)
	var unknown []int
	var again []rueidis.Completed
	for i, reply := range replies {
		if says(reply.Error(), "NOSCRIPT") {
			unknown = append(unknown, i)
			call := calls[i]
			again = append(again, c.B().Eval().Script(sc.text).Numkeys(int64(len(call.keys))).Key(call.keys...).Arg(call.args...).Build())
		}
	}
	if len(unknown) == 0 {
		return replies
	}
	for i, reply := range do(ctx, c, again) {
		replies[unknown[i]] = reply
	}
	return replies
}

// do is DoMulti without its price for a single command.
func do(ctx context.Context, c rueidis.Client, cmds []rueidis.Completed) []rueidis.RedisResult {
	if len(cmds) == 1 {
		return []rueidis.RedisResult{c.Do(ctx, cmds[0])}
	}
	return c.DoMulti(ctx, cmds...)
}
