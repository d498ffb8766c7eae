package meta

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"
)

// The answers are read by one at a time. A caller who comes alone does it himself: to wake him from another goroutine would take
// half as long as the answer does. If it does not come soon, or others come along, the connection's goroutine goes on.
const (
	// loneTime is how long a lone caller reads at least, and twice that at most. Meanwhile he does not see that his context has been
	// cancelled.
	loneTime = 2 * time.Millisecond
	// restTime is how long nobody reads after the last answer. From then on the connection's goroutine does, to notice when
	// the server hangs up.
	restTime = 20 * time.Millisecond
)

// inbox is what the reader works with.
type inbox struct {
	buf   []byte
	from  int       // where what has come and is not consumed begins
	to    int       // and ends
	queue []*Call   // taken from sent
	first int       // of queue, which is not answered
	until time.Time // the deadline for reads, if a lone reader has set it
}

// readAlone reads the answers to the only call there is, and tells whether they have come.
func (c *Conn) readAlone(ctx context.Context, call *Call) bool {
	err := c.limitRead(ctx)
	for err == nil && !call.done() {
		err = c.progress(call)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.inbox.queue, c.inbox.first = append(c.inbox.queue[:0], call), 0
		c.handOver()
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			c.mu.Unlock()
			c.fail(err)
			c.mu.Lock()
		}
		return false
	}
	call.state.Store(answered)
	c.due.Add(-int64(len(call.buf)))
	c.stepBack()
	return true
}

// limitRead lets the next read end soon, or with ctx. To set a deadline costs as much as the rest of a call on this side: one that is
// good for some calls is set for all of them.
func (c *Conn) limitRead(ctx context.Context) error {
	now := time.Now()
	until, ends := ctx.Deadline()
	if !ends || until.Sub(now) > 2*loneTime {
		if c.inbox.until.Sub(now) >= loneTime {
			return nil
		}
		until = now.Add(2 * loneTime)
	}
	c.inbox.until = until
	return c.nc.SetReadDeadline(until)
}

// stepBack is for a reader who has nothing to read. It is called with the lock. When the connection has ended the background may wait to
// be handed over to (see isReader).
func (c *Conn) stepBack() {
	if len(c.sent) > 0 || c.err != nil {
		c.handOver()
		return
	}
	c.reader = nobody
	if !c.resting {
		c.resting = true
		moved := c.moved.Load()
		time.AfterFunc(restTime, func() { c.rested(moved) })
	}
}

// rested lets the background listen if nobody has called for a while.
func (c *Conn) rested(moved int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resting = false
	switch {
	case c.err != nil || c.reader != nobody:
	case c.moved.Load() == moved:
		c.handOver()
	default:
		c.stepBack()
	}
}

// handOver makes the background the reader. It is called with the lock.
func (c *Conn) handOver() {
	c.reader = background
	c.listen <- struct{}{} // the background has taken the last one before it stepped back
}

// read is the goroutine of the background.
func (c *Conn) read() {
	c.mu.Lock()
	c.stepBack()
	c.mu.Unlock()
	for c.isReader() {
		c.inbox.until = time.Time{}
		err := c.nc.SetReadDeadline(time.Time{})
		for more := true; more && err == nil; {
			more, err = c.serve()
		}
		if err != nil {
			c.fail(err)
			break
		}
	}
	c.failAll()
}

// isReader waits until the background is the reader, and tells whether the connection is still there. A lone reader notices
// its end, and hands over.
func (c *Conn) isReader() bool {
	select {
	case <-c.listen:
		return true
	case <-c.ended:
	}
	c.mu.Lock()
	is := c.reader
	if is == nobody {
		c.reader = background
	}
	c.mu.Unlock()
	if is != nobody {
		<-c.listen
	}
	return false
}

// serve reads until a call is answered. There is more as long as others wait.
func (c *Conn) serve() (more bool, err error) {
	call, err := c.oldest()
	if err != nil {
		return false, err
	}
	for !call.done() {
		if err := c.progress(call); err != nil {
			return false, err
		}
	}
	in := &c.inbox
	in.queue[in.first] = nil // it may be another's call soon
	in.first++
	c.due.Add(-int64(len(call.buf)))
	call.finish(nil)
	if in.first < len(in.queue) {
		return true, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.takeSent()
	if len(in.queue) > 0 {
		return true, nil
	}
	c.stepBack()
	return false, nil
}

// oldest is the call whose answers come next. If there is none it listens until there is.
func (c *Conn) oldest() (*Call, error) {
	in := &c.inbox
	if in.first == len(in.queue) {
		c.mu.Lock()
		c.takeSent()
		c.mu.Unlock()
	}
	if len(in.queue) == 0 {
		if err := c.fill(nil); err != nil {
			return nil, err
		}
		c.mu.Lock()
		c.takeSent()
		c.mu.Unlock()
		if len(in.queue) == 0 {
			return nil, badReply([]byte("before a question"))
		}
	}
	return in.queue[in.first], nil
}

// takeSent takes the calls that were sent since the last time. It is called with the lock, by the reader.
func (c *Conn) takeSent() {
	c.inbox.queue, c.sent = c.sent, c.inbox.queue[:0]
	c.inbox.first = 0
}

// progress reads something of the answers to call, waiting if nothing has come.
func (c *Conn) progress(call *Call) error {
	in := &c.inbox
	used, err := call.consume(in.buf[in.from:in.to])
	in.from += used
	if err != nil || call.done() {
		return err
	}
	return c.fill(call)
}

// fill waits for more.
func (c *Conn) fill(call *Call) error {
	in := &c.inbox
	if in.from > 0 {
		in.to = copy(in.buf, in.buf[in.from:in.to])
		in.from = 0
	}
	if call != nil && in.to == 0 {
		if room := call.direct(); len(room) > 0 {
			n, err := c.nc.Read(room)
			call.got += n
			c.moved.Add(1)
			return err
		}
	}
	n, err := c.nc.Read(in.buf[in.to:])
	in.to += n
	c.moved.Add(1)
	return err
}

// failAll ends the calls that get no answer any more. None comes after the connection has failed.
func (c *Conn) failAll() {
	c.mu.Lock()
	err := c.err
	calls := slices.Concat(c.inbox.queue[c.inbox.first:], c.sent)
	c.sent = nil
	c.mu.Unlock()
	for _, call := range calls {
		call.finish(err)
	}
}
