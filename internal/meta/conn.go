package meta

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// The sizes of a connection.
const (
	readBuffer = 32 << 10
	// inlineMost is how many bytes may be on their way to the server when a caller writes himself. A socket takes so many without
	// waiting for the server, so that the write does not wait, and the caller stays free to leave when his context ends.
	inlineMost = 4 << 10
	// queueMost is how many bytes wait to be written before callers have to.
	queueMost = 4 << 20
	// keepQueue is the memory that is kept for the next bytes.
	keepQueue = 256 << 10
)

// ErrClosed is the error of calls on a connection that was closed by this side.
var ErrClosed = errors.New("the connection is closed")

// ErrSilent is the error of calls on a server that does not answer.
var ErrSilent = errors.New("the server does not answer")

// Conn is a connection that any number of goroutines share.
type Conn struct {
	nc      net.Conn
	in      *bufio.Reader
	silence time.Duration // that is too long while an answer is due

	mu       sync.Mutex
	out      []byte  // not yet written
	spare    []byte  // memory for the next out
	sent     []*Call // whose bytes are in out, or written; the reader takes them
	writing  bool    // somebody is, and looks at out again when done
	err      error   // why the connection has ended
	drained  chan struct{}
	watching bool

	wake    chan struct{} // for the writer
	ended   chan struct{} // closed with the connection
	due     atomic.Int64  // bytes of calls without an answer
	moved   atomic.Int64  // counts signs of life
	timer   *time.Timer
	running sync.WaitGroup
}

// NewConn takes over a connection on which nothing is expected any more. A server that leaves a call unanswered for the
// time of silence is given up.
func NewConn(nc net.Conn, silence time.Duration) *Conn {
	c := &Conn{
		nc: nc, silence: silence,
		drained: make(chan struct{}), wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	c.in = bufio.NewReaderSize((*listener)(c), readBuffer)
	c.running.Go(c.read)
	c.running.Go(c.write)
	return c
}

// Do sends a call and waits for its answers, or for the end of ctx. A server may have done what a call says that was left or
// that failed.
func (c *Conn) Do(ctx context.Context, call *Call) error {
	if err := c.send(ctx, call); err != nil {
		return err
	}
	done := ctx.Done()
	if done == nil {
		return <-call.ready
	}
	select {
	case err := <-call.ready:
		return err
	case <-done:
		if call.leave() {
			return ctx.Err()
		}
		return <-call.ready
	}
}

// Ended is closed when the connection has ended.
func (c *Conn) Ended() <-chan struct{} { return c.ended }

// Err tells why it has.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection, and returns when its goroutines have ended. Calls without an answer fail with ErrClosed.
func (c *Conn) Close() {
	c.fail(ErrClosed)
	c.running.Wait()
}

// send puts the call behind those that are on their way.
func (c *Conn) send(ctx context.Context, call *Call) error {
	c.mu.Lock()
	for c.err == nil && len(c.out) > queueMost {
		if err := c.waitForRoom(ctx); err != nil {
			c.mu.Unlock()
			return err
		}
	}
	if c.err != nil {
		defer c.mu.Unlock()
		return c.err
	}
	call.state.Store(waiting)
	c.out = append(c.out, call.buf...)
	c.sent = append(c.sent, call)
	due := c.due.Add(int64(len(call.buf)))
	if !c.watching {
		c.watch()
	}
	if c.writing { // it is taken along
		c.mu.Unlock()
		return nil
	}
	c.writing = true
	if due > inlineMost {
		c.mu.Unlock()
		c.wakeWriter()
		return nil
	}
	c.writeOnce()
	more := len(c.out) > 0
	c.writing = more
	c.mu.Unlock()
	if more {
		c.wakeWriter()
	}
	return nil
}

// waitForRoom waits, without the lock, until something of what is queued has been written.
func (c *Conn) waitForRoom(ctx context.Context) error {
	drained := c.drained
	c.mu.Unlock()
	defer c.mu.Lock()
	select {
	case <-drained:
		return nil
	case <-c.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Conn) wakeWriter() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write is the goroutine that writes what callers do not.
func (c *Conn) write() {
	for {
		select {
		case <-c.wake:
		case <-c.ended:
			return
		}
		c.mu.Lock()
		for len(c.out) > 0 && c.err == nil {
			c.writeOnce()
		}
		c.writing = false
		c.mu.Unlock()
	}
}

// writeOnce writes what is queued. It is called with the lock, which it gives away meanwhile, by whoever has set writing.
func (c *Conn) writeOnce() {
	out := c.out
	c.out, c.spare = c.spare[:0], nil
	if len(out) > queueMost {
		close(c.drained)
		c.drained = make(chan struct{})
	}
	c.mu.Unlock()
	if err := c.put(out); err != nil {
		c.fail(err)
	}
	c.mu.Lock()
	if cap(out) <= keepQueue {
		c.spare = out[:0]
	}
}

// put writes in pieces, each of which is a sign of life.
func (c *Conn) put(out []byte) error {
	for len(out) > 0 {
		n, err := c.nc.Write(out[:min(len(out), keepQueue)])
		if err != nil {
			return err
		}
		c.moved.Add(1)
		out = out[n:]
	}
	return nil
}

// listener reads from the connection and counts that something came.
type listener Conn

func (l *listener) Read(p []byte) (int, error) {
	n, err := l.nc.Read(p)
	l.moved.Add(1)
	return n, err
}

// read is the goroutine that hands out the answers.
func (c *Conn) read() {
	var queue []*Call
	for {
		next, err := c.answer(queue)
		if err != nil {
			c.fail(err)
			break
		}
		queue = next
	}
	c.failAll(queue)
}

// answer waits for the answers to the oldest calls, and returns an empty queue when they have them.
func (c *Conn) answer(queue []*Call) ([]*Call, error) {
	if _, err := c.in.Peek(1); err != nil {
		return queue, err
	}
	if queue = c.take(queue); len(queue) == 0 {
		return queue, badReply([]byte("before a question"))
	}
	for i, call := range queue {
		if err := call.receive(c.in); err != nil {
			return queue[i:], err
		}
		c.due.Add(-int64(len(call.buf)))
		call.finish(nil)
		queue[i] = nil // it may be another's call now
	}
	return queue[:0], nil
}

// take returns the calls that were sent since the last time.
func (c *Conn) take(emptied []*Call) []*Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.sent
	c.sent = emptied
	return taken
}

// failAll ends the calls that get no answer any more.
func (c *Conn) failAll(queue []*Call) {
	err := c.Err()
	for len(queue) > 0 {
		for _, call := range queue {
			call.finish(err)
		}
		queue = c.take(nil) // none comes after the connection has failed
	}
}

// fail ends the connection. The first reason counts.
func (c *Conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	if c.timer != nil {
		c.timer.Stop()
	}
	close(c.ended)
	_ = plain(c.nc).Close()
}

// plain is the connection below TLS: closing that above waits for a server that may be gone.
func plain(nc net.Conn) net.Conn {
	if secure, ok := nc.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return nc
}

// watch looks after a while whether there was a sign of life since. It is called with the lock.
func (c *Conn) watch() {
	c.watching = true
	moved := c.moved.Load()
	c.timer = time.AfterFunc(c.silence, func() { c.look(moved) })
}

func (c *Conn) look(moved int64) {
	c.mu.Lock()
	c.watching = false
	idle := c.err != nil || c.due.Load() == 0
	alive := c.moved.Load() != moved
	if !idle && alive {
		c.watch()
	}
	c.mu.Unlock()
	if !idle && !alive {
		c.fail(ErrSilent)
	}
}
