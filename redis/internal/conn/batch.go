package conn

import (
	"context"

	"github.com/redis/rueidis"
)

// A piece of a batch is at most so much. What others ask meanwhile, and the look whether the server is alive, waits for no more than a piece
// in each direction; and one that takes long is not taken for one that nobody answers.
const (
	pieceBytes    = 1 << 20
	pieceCommands = 1000
)

// DoBatch sends commands of which each stands for itself, in pieces, one after the other. If nothing comes of a whole piece the rest is not
// sent, and fails as that has.
func (cl *Client) DoBatch(ctx context.Context, cmds ...rueidis.Completed) []rueidis.RedisResult {
	next := func() int { return piece(len(cmds), func(i int) int { return sizeOf(cmds[i]) }) }
	n := next()
	if n == len(cmds) {
		return cl.DoMulti(ctx, cmds...)
	}
	results := make([]rueidis.RedisResult, 0, len(cmds))
	for len(cmds) > 0 {
		replies := cl.DoMulti(ctx, cmds[:n]...)
		results, cmds = append(results, replies...), cmds[n:]
		if err := faultOfAll(replies); err != nil {
			return append(results, failAll(len(cmds), err)...)
		}
		n = next()
	}
	return results
}

// piece is how many of n commands go out together: one at least, if there are any.
func piece(n int, size func(i int) int) int {
	bytes := 0
	for i := range n {
		bytes += size(i)
		if i > 0 && (i == pieceCommands || bytes > pieceBytes) {
			return i
		}
	}
	return n
}

func sizeOf(cmd rueidis.Completed) (bytes int) {
	for _, arg := range cmd.Commands() {
		bytes += len(arg)
	}
	return bytes
}

// faultOfAll is why no command was answered, or nil if one was.
func faultOfAll(replies []rueidis.RedisResult) (err error) {
	for _, reply := range replies {
		if err = reply.NonRedisError(); err == nil {
			return nil
		}
	}
	return err
}
