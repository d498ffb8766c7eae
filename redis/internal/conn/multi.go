package conn

import (
	"context"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/internal/breaker"
)

// noSlot and above stand for commands without a key.
const noSlot = 1 << 14

// DoMulti sends commands together.
func (cl *Client) DoMulti(ctx context.Context, cmds ...rueidis.Completed) []rueidis.RedisResult {
	if len(cmds) == 0 {
		return nil
	}
	slot, one := slotOfAll(cmds)
	if len(cl.breakers) > 1 && !one {
		return cl.doEach(ctx, cmds)
	}
	b := cl.breaker(slot)
	ticket, err := b.Begin()
	if err != nil {
		return failAll(len(cmds), cl.orClosed(err))
	}
	c, err := cl.begin(ctx)
	if err != nil {
		b.GaveUp(ticket)
		return failAll(len(cmds), err)
	}
	defer c.end()
	replies := c.send(cmds)
	c.judge(b, ticket, replies...)
	cl.heed(replies...)
	return replies
}

// slotOfAll returns the slot of commands that belong together: in one slot, or a transaction, whose MULTI has none.
func slotOfAll(cmds []rueidis.Completed) (slot uint16, one bool) {
	slot = noSlot
	for _, cmd := range cmds {
		switch s := cmd.Slot(); {
		case s >= noSlot:
		case slot == noSlot:
			slot = s
		case slot != s:
			return slot, false
		}
	}
	return slot, true
}

// doEach leaves out the commands that there is no hope for. All that have a breaker in common are one call to it.
func (cl *Client) doEach(ctx context.Context, cmds []rueidis.Completed) []rueidis.RedisResult {
	results := make([]rueidis.RedisResult, len(cmds))
	shares := make([]share, len(cl.breakers))
	sent := make([]int, 0, len(cmds))
	list := make([]rueidis.Completed, 0, len(cmds))
	for i, cmd := range cmds {
		at := cl.breakerAt(cmd.Slot())
		if err := shares[at].begin(&cl.breakers[at]); err != nil {
			results[i] = rueidis.NewErrorResult(cl.orClosed(err))
			continue
		}
		sent, list = append(sent, i), append(list, cmd)
	}
	c, err := cl.begin(ctx)
	if err != nil {
		for at := range shares {
			cl.breakers[at].GaveUp(shares[at].ticket)
		}
		return failAll(len(cmds), err)
	}
	defer c.end()
	for j, reply := range c.send(list) {
		at := sent[j]
		results[at] = reply
		shares[cl.breakerAt(cmds[at].Slot())].note(c.explain(results[at : at+1]))
	}
	for at := range shares {
		if s := &shares[at]; s.asked && s.refused == nil {
			c.tell(&cl.breakers[at], s.ticket, s.failed)
		}
	}
	return results
}

// share is what a call has to do with one breaker.
type share struct {
	asked    bool
	ticket   breaker.Ticket
	refused  error
	answered bool
	failed   error
}

func (s *share) begin(b *breaker.Breaker) error {
	if !s.asked {
		s.asked = true
		s.ticket, s.refused = b.Begin()
	}
	return s.refused
}

// note takes note of what became of a command. One that was answered counts for all.
func (s *share) note(failed error) {
	if failed == nil || isReply(failed) {
		s.answered, s.failed = true, nil
	} else if !s.answered {
		s.failed = failed
	}
}

func failAll(n int, err error) []rueidis.RedisResult {
	results := make([]rueidis.RedisResult, n)
	for i := range results {
		results[i] = rueidis.NewErrorResult(err)
	}
	return results
}

// send sends the commands, and those of them again that were not sent for want of a connection: in a cluster, to some of the servers.
func (c *call) send(cmds []rueidis.Completed) []rueidis.RedisResult {
	if len(cmds) == 0 {
		return nil
	}
	replies := c.cl.Client.DoMulti(c.ctx, cmds...)
	for range Redials {
		var again []int
		var list []rueidis.Completed
		for i, reply := range replies {
			if c.reconnected(reply) {
				again, list = append(again, i), append(list, cmds[i])
			}
		}
		if len(again) == 0 {
			break
		}
		for i, reply := range c.cl.Client.DoMulti(c.ctx, list...) {
			replies[again[i]] = reply
		}
	}
	return replies
}
