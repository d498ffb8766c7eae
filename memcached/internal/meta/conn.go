package meta

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/internal/yield"
)

// The sizes of a connection.
const (
	readBuffer = 32 << 10
	// inlineMost is how many bytes may be on their way to the server when a caller writes himself. A socket takes so many without
	// waiting for the server, so that the write does not wait, and the caller stays free to leave when his context ends.
	inlineMost = 8 << 10
	// queueMost is how many bytes wait to be written before callers have to.
	queueMost = 4 << 20
	// keepQueue is the memory that is kept for the next bytes: what some hundred callers queue.
	keepQueue = 1 << 20
	// writeMost is how many bytes are written at once.
	writeMost = 256 << 10
)

// ErrClosed is the error of calls on a connection that was closed by this side.
var ErrClosed = errors.New("the connection is closed")

// NotSent is the error of a call that found the connection ended: nothing of it has gone to the server.
type NotSent struct{ Cause error }

// Error tells why the connection had ended.
func (e *NotSent) Error() string { return "the connection is gone: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *NotSent) Unwrap() error { return e.Cause }

// ErrSilent is the error of calls on a server that does not answer.
var ErrSilent = errors.New("the server does not answer")

// reader says who reads answers.
type reader int

const (
	nobody     reader = iota // nothing is due
	lone                     // the only caller there is
	background               // the connection's goroutine
)

// Conn is a connection that any number of goroutines share.
type Conn struct {
	nc      net.Conn
	limit   int           // bytes of the largest item that the server has
	silence time.Duration // that is too long while an answer is due
	inbox   inbox         // of the reader

	mu       sync.Mutex
	out      []byte  // not yet written
	spare    []byte  // memory for the next out
	sent     []*Call // whose bytes are in out, or written; the reader takes them
	writing  bool    // somebody is, and looks at out again when done
	reader   reader
	err      error // why the connection has ended
	drained  chan struct{}
	watching bool
	resting  bool // the timer of rest runs

	wake    chan struct{} // for the writer
	listen  chan struct{} // gives the background the answers to read
	ended   chan struct{} // closed with the connection
	due     atomic.Int64  // bytes of calls without an answer
	moved   atomic.Int64  // counts signs of life
	turn    yield.Turn
	running sync.WaitGroup
}

// NewConn takes over a connection on which nothing is expected any more. A server that leaves a call unanswered for the
// time of silence is given up, and so is one that announces a value of more than limit bytes.
func NewConn(nc net.Conn, silence time.Duration, limit int) *Conn {
	c := &Conn{
		nc: nc, limit: limit, silence: silence, inbox: inbox{buf: make([]byte, readBuffer)}, reader: background,
		drained: make(chan struct{}), wake: make(chan struct{}, 1), listen: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	c.running.Go(c.read)
	c.running.Go(c.write)
	return c
}

// Do sends a call and waits for its answers, or for the end of ctx. A server may have done what a call says that was left or
// that failed.
func (c *Conn) Do(ctx context.Context, call *Call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	call.limit = c.limit
	isLone, err := c.send(ctx, call)
	if err != nil {
		return err
	}
	if isLone && c.readAlone(ctx, call) {
		return nil
	}
	select {
	case err := <-call.ready:
		return err
	case <-ctx.Done():
		if call.leave() {
			return ctx.Err()
		}
		return <-call.ready
	}
}

// Ended is closed when the connection has ended.
func (c *Conn) Ended() <-chan struct{} { return c.ended }

// Alive tells whether it has not, as far as is known.
func (c *Conn) Alive() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

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

// fail ends the connection. The first reason counts.
func (c *Conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.ended)
		_ = plain(c.nc).Close()
	}
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
	time.AfterFunc(c.silence, func() { c.look(moved) })
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
