package conn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/breaker"
)

// slotsEach is how many neighbouring slots of a cluster have a breaker in common. Which server they are on changes, and
// neighbours mostly move together.
const slotsEach = 64

// patience is how long a caller has to have waited before the server is blamed for it that he left.
const patience = 50 * time.Millisecond

// Client is a rueidis client whose calls end when their contexts do, whatever the servers do, and cost nothing while there is no
// hope.
type Client struct {
	rueidis.Client
	dialer   *Dialer
	moves    bool              // rueidis finds the primaries by itself: those of a cluster, or sentinels'
	breakers []breaker.Breaker // one, or one for slotsEach slots and one for commands without a key
}

func newClient(client rueidis.Client, d *Dialer) *Client {
	cl := &Client{Client: client, dialer: d, breakers: make([]breaker.Breaker, 1)}
	cl.moves = client.Mode() != rueidis.ClientModeStandalone
	if client.Mode() == rueidis.ClientModeCluster {
		cl.breakers = make([]breaker.Breaker, noSlot/slotsEach+1)
	}
	return cl
}

// Nodes returns such a client for each server, by its address.
func (cl *Client) Nodes() map[string]rueidis.Client {
	nodes := cl.Client.Nodes()
	for addr, node := range nodes {
		nodes[addr] = &Client{Client: node, dialer: cl.dialer, moves: cl.moves, breakers: make([]breaker.Breaker, 1)}
	}
	return nodes
}

func (cl *Client) breaker(slot uint16) *breaker.Breaker { return &cl.breakers[cl.breakerAt(slot)] }

func (cl *Client) breakerAt(slot uint16) int { return min(int(slot)/slotsEach, len(cl.breakers)-1) }

// call is one call of rueidis that is under way.
type call struct {
	cl    *Client
	ctx   context.Context
	began time.Time
	sent  bool   // rueidis has it, or had
	why   error  // there is no connection
	alarm *alarm // nil: not needed

	abandoned bool // its caller has left
}

// Do sends a command.
func (cl *Client) Do(ctx context.Context, cmd rueidis.Completed) rueidis.RedisResult {
	b := cl.breaker(cmd.Slot())
	ticket, err := b.Begin()
	if err != nil {
		return rueidis.NewErrorResult(cl.orClosed(err))
	}
	c, err := cl.begin(ctx)
	if err != nil {
		b.GaveUp(ticket)
		return rueidis.NewErrorResult(err)
	}
	defer c.end()
	reply := cl.Client.Do(ctx, cmd)
	if reply.NonRedisError() == nil {
		b.Answered(ticket)
		if reply.Error() != nil {
			cl.heed(reply)
		}
		return reply
	}
	for i := 0; i < Redials && c.reconnected(reply); i++ {
		reply = cl.Client.Do(ctx, cmd) // which nobody has seen yet
	}
	replies := []rueidis.RedisResult{reply}
	c.judge(b, ticket, replies...)
	return replies[0]
}

// Redials is how often a call is made again that was not sent. In a cluster a command without a key goes to another server each
// time, and there may be many to which there is no connection yet.
const Redials = 100

// begin waits for room, and makes sure that a wait for an answer is interrupted.
func (cl *Client) begin(ctx context.Context) (call, error) {
	c := call{cl: cl, ctx: ctx}
	if err := cl.dialer.flow.Enter(ctx); err != nil {
		return c, err
	}
	if ctx.Done() == nil {
		return c, nil
	}
	c.began = time.Now()
	if _, ok := ctx.Deadline(); ok && cl.dialer.flow.Alone() {
		c.alarm = newAlarm(ctx, cl.dialer)
	}
	return c, nil
}

func (c *call) end() {
	if c.alarm != nil {
		c.alarm.off()
	}
	c.cl.dialer.flow.Leave()
}

// reconnected tells whether a reply says that the command was not sent, for want of a connection that there is now.
func (c *call) reconnected(reply rueidis.RedisResult) bool {
	err := reply.NonRedisError()
	if err == nil {
		c.sent = true
		return false
	}
	var refused bool
	if refused, c.why = c.cl.reconnect(c.ctx, err); !refused {
		c.sent = true
		return false
	}
	return c.why == nil
}

// Reconnect waits, if an error says that nothing was sent for want of a connection, until there is one. It returns why there is none, and
// any other error as it is.
func (cl *Client) Reconnect(ctx context.Context, err error) error {
	refused, why := cl.reconnect(ctx, err)
	if !refused {
		return err
	}
	return why
}

func (cl *Client) reconnect(ctx context.Context, err error) (refused bool, why error) {
	at := new(notConnected)
	if !errors.As(err, &at) {
		return false, nil
	}
	return true, cl.dialer.await(ctx, at.addr)
}

// judge tells the breaker what became of the call, and says what its faults mean.
func (c *call) judge(b *breaker.Breaker, t breaker.Ticket, replies ...rueidis.RedisResult) {
	c.tell(b, t, c.explain(replies))
}

// explain says what the faults mean in place of which there is no answer, and returns the last of them.
func (c *call) explain(replies []rueidis.RedisResult) (failed error) {
	for i := range replies {
		if err := replies[i].NonRedisError(); err != nil {
			failed = c.fault(err)
			replies[i] = rueidis.NewErrorResult(failed)
		}
	}
	return failed
}

func (c *call) tell(b *breaker.Breaker, t breaker.Ticket, failed error) {
	switch {
	case failed == nil || isReply(failed):
		b.Answered(t)
	case c.ended() != nil:
		c.abandon()
		c.left(b, t)
	case errors.Is(failed, driver.ErrClosed):
		b.GaveUp(t)
	default:
		b.Failed(t, failed)
	}
}

// abandon notes once that rueidis still has the call: it has it once for each connection, however many commands there are.
func (c *call) abandon() {
	if c.sent && !c.abandoned {
		c.abandoned = true
		c.cl.dialer.flow.Abandon()
	}
}

// left is for a caller who did not wait for the answer.
func (c *call) left(b *breaker.Breaker, t breaker.Ticket) {
	waited := time.Since(c.began)
	if waited < patience {
		b.GaveUp(t)
		return
	}
	b.Failed(t, fmt.Errorf("no answer within %v", waited.Round(time.Millisecond)))
}

// ended returns the error of a context that has ended, or is about to: a connection's deadline may be noticed a moment before the
// context's, which is the same.
func (c *call) ended() error {
	if deadline, ok := c.ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return cmp.Or(c.ctx.Err(), context.DeadlineExceeded)
	}
	return c.ctx.Err()
}

// fault says why there is no answer.
func (c *call) fault(err error) error {
	switch {
	case c.cl.dialer.stopped():
		return driver.ErrClosed
	case c.ended() != nil:
		return c.ended()
	case isReply(err): // what the server said when it was connected to
		return err
	}
	if refused := new(notConnected); errors.As(err, &refused) {
		return cmp.Or[error](c.why, refused)
	}
	return Lost(err)
}

// isReply tells whether a server has answered, with an error.
func isReply(err error) bool {
	_, ok := rueidis.IsRedisErr(err)
	return ok
}

// Lost says what a broken connection means. The errors of contexts are not the caller's, but of somebody who had the same
// connection made.
func Lost(err error) error {
	switch {
	case errors.Is(err, rueidis.ErrClosing):
		return errors.New("the connection was given up because another server is the primary now")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errors.New("the connection was given up before the answer came")
	}
	return fmt.Errorf("the connection was lost before the answer came: %w", err)
}

// heed gives the connections to a server up that has become a replica, if nobody else tells where the primary is now: its name may
// have another address by then, as managed services have it, and is looked up when the next call connects. One that answers goes on
// to answer, so that nothing else would ever end them.
func (cl *Client) heed(replies ...rueidis.RedisResult) {
	if cl.moves {
		return
	}
	for _, reply := range replies {
		if text, ok := rueidis.IsRedisErr(reply.Error()); ok && strings.HasPrefix(text.Error(), "READONLY") {
			cl.dialer.renounce()
			return
		}
	}
}

func (cl *Client) orClosed(err error) error {
	if cl.dialer.stopped() {
		return driver.ErrClosed
	}
	return err
}
