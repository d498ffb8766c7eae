package redis

import (
	"context"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/internal/breaker"
)

// noSlot and above stand for commands without a key.
const noSlot = slots

// DoMulti sends commands together.
func (g *guard) DoMulti(ctx context.Context, cmds ...rueidis.Completed) []rueidis.RedisResult {
	if len(cmds) == 0 {
		return nil
	}
	slot, one := slotOfAll(cmds)
	if len(g.breakers) > 1 && !one {
		return g.doEach(ctx, cmds)
	}
	b := g.breaker(slot)
	ticket, err := b.Begin()
	if err != nil {
		return failAll(len(cmds), g.orClosed(err))
	}
	c, err := g.begin(ctx)
	if err != nil {
		b.GaveUp(ticket)
		return failAll(len(cmds), err)
	}
	defer c.end()
	replies := c.send(cmds)
	c.judge(b, ticket, replies...)
	g.heed(replies...)
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

// doEach leaves out the commands that there is no hope for.
func (g *guard) doEach(ctx context.Context, cmds []rueidis.Completed) []rueidis.RedisResult {
	results := make([]rueidis.RedisResult, len(cmds))
	tickets := make([]breaker.Ticket, len(cmds))
	sent := make([]int, 0, len(cmds))
	list := make([]rueidis.Completed, 0, len(cmds))
	for i, cmd := range cmds {
		ticket, err := g.breaker(cmd.Slot()).Begin()
		if err != nil {
			results[i] = rueidis.NewErrorResult(g.orClosed(err))
			continue
		}
		tickets[i] = ticket
		sent, list = append(sent, i), append(list, cmd)
	}
	c, err := g.begin(ctx)
	var replies []rueidis.RedisResult
	if err != nil {
		replies = failAll(len(list), err)
	} else {
		defer c.end()
		replies = c.send(list)
	}
	for j, i := range sent {
		results[i] = replies[j]
		c.judge(g.breaker(cmds[i].Slot()), tickets[i], results[i:i+1]...)
	}
	return results
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
	replies := c.g.Client.DoMulti(c.ctx, cmds...)
	for range redials {
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
		for i, reply := range c.g.Client.DoMulti(c.ctx, list...) {
			replies[again[i]] = reply
		}
	}
	return replies
}
