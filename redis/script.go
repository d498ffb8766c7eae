package redis

import (
	"context"
	"crypto/sha1" //nolint:gosec // the server names scripts by it
	"encoding/hex"
	"strings"

	"github.com/redis/rueidis"
)

// script runs on the server, which keeps it by its sum until it is restarted. Its keys are in one slot.
type script struct{ text, sum string }

func newScript(text string) *script {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return &script{text: text, sum: hex.EncodeToString(sum[:])}
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
		if err, ok := rueidis.IsRedisErr(reply.Error()); ok && strings.HasPrefix(err.Error(), "NOSCRIPT") {
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
