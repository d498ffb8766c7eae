package memcached

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/breaker"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// The defaults of Options.
const (
	defaultPort        = "11211"
	defaultDialTimeout = time.Second
	defaultTimeout     = 3 * time.Second
)

// node is one server: its connection is made when it is first needed, and again when it was lost. That happens on a goroutine of
// its own, one at a time, and whoever needs the connection waits for it for as long as his context allows.
type node struct {
	address string // as it is dialled
	options *Options
	logger  *slog.Logger
	breaker breaker.Breaker
	current atomic.Pointer[line]
	down    atomic.Bool

	mu      sync.Mutex
	attempt *attempt // not nil while one is under way
	closed  bool
	running sync.WaitGroup
}

// line is a connection to a server, and what the server has said of itself.
type line struct {
	*meta.Conn
	hello meta.Hello
	// life counts the server's processes, as far as this one has noticed: what was in one is not in the next.
	life uint64
	// generations are what the server had when they were last read; nil: unknown.
	generations atomic.Pointer[generations]
}

type attempt struct {
	ticket breaker.Ticket
	cancel context.CancelFunc
	done   chan struct{}
	line   *line
	err    error
}

// downError is the error of a server that cannot be reached, or that has gone while it owed an answer.
type downError struct {
	address string
	cause   error
}

func (e *downError) Error() string { return fmt.Sprintf("server %s: %v", e.address, e.cause) }
func (e *downError) Unwrap() error { return e.cause }

// line returns the connection, connecting if there is none.
func (n *node) line(ctx context.Context) (*line, error) {
	if l := n.current.Load(); l != nil && l.Alive() {
		return l, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a, err := n.begin()
	if err != nil {
		return nil, err
	}
	select {
	case <-a.done:
		return a.line, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begin joins the attempt that is under way, or starts one.
func (n *node) begin() (*attempt, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, driver.ErrClosed
	}
	if n.attempt != nil {
		return n.attempt, nil
	}
	if l := n.current.Load(); l != nil && l.Alive() { // somebody has just connected
		return &attempt{done: closedChan, line: l}, nil
	}
	ticket, err := n.breaker.Begin()
	if err != nil {
		return nil, &downError{n.address, err}
	}
	ctx, cancel := context.WithTimeout(context.Background(), orDefault(n.options.DialTimeout, defaultDialTimeout))
	a := &attempt{ticket: ticket, cancel: cancel, done: make(chan struct{})}
	n.attempt = a
	n.running.Go(func() { n.connect(ctx, a) })
	return a, nil
}

var closedChan = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (n *node) connect(ctx context.Context, a *attempt) {
	defer a.cancel()
	l, err := n.dial(ctx)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil && n.closed {
		l.Close()
		err = driver.ErrClosed
	}
	switch {
	case err == nil:
		a.line = l
		n.settle(l)
	case n.closed:
		a.err = driver.ErrClosed
	default:
		a.err = &downError{n.address, err}
	}
	if err == nil || errors.Is(err, meta.ErrRefused) { // who refuses a password is there
		n.breaker.Answered(a.ticket)
	} else {
		n.breaker.Failed(a.ticket, err)
	}
	n.down.Store(err != nil)
	n.attempt = nil
	close(a.done)
}

// settle takes a new connection into use.
func (n *node) settle(l *line) {
	if old := n.current.Load(); old != nil {
		l.life = old.life
		if !l.hello.SameProcess(old.hello) {
			l.life++
		}
		old.Close() // its goroutines have ended, or are about to
	}
	n.current.Store(l)
}

// dial connects, logs in and asks the server who it is.
func (n *node) dial(ctx context.Context) (*line, error) {
	session, hello, err := n.session(ctx)
	if err != nil {
		return nil, err
	}
	return &line{Conn: session.Conn(orDefault(n.options.Timeout, defaultTimeout)), hello: hello}, nil
}

// session is a connection of its own, for what takes long or is not said in the meta protocol.
func (n *node) session(ctx context.Context) (*meta.Session, meta.Hello, error) {
	nc, err := n.open(ctx)
	if err != nil {
		return nil, meta.Hello{}, err
	}
	s := meta.NewSession(nc)
	var hello meta.Hello
	err = s.Within(ctx, func() (err error) {
		if n.options.User != "" || n.options.Password != "" {
			if err := s.LogIn(n.options.User, n.options.Password); err != nil {
				return err
			}
		}
		hello, err = s.Greet()
		return err
	})
	if err != nil {
		s.Close()
		if n.options.TLS == nil && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)) {
			err = fmt.Errorf("%w, as by a server that wants TLS (memcached+tls://)", err)
		}
		return nil, hello, err
	}
	return s, hello, nil
}

func (n *node) open(ctx context.Context) (net.Conn, error) {
	network := "tcp"
	if strings.HasPrefix(n.address, "/") {
		network = "unix"
	}
	var d net.Dialer
	if n.options.TLS == nil {
		return d.DialContext(ctx, network, n.address)
	}
	return (&tls.Dialer{NetDialer: &d, Config: n.options.TLS}).DialContext(ctx, network, n.address)
}

// isDown tells whether the last attempt to connect has failed, and there is to be a pause before the next.
func (n *node) isDown() bool { return n.down.Load() }

// goOn runs something that goes on without its caller. It ends with the connection.
func (n *node) goOn(do func()) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return driver.ErrClosed
	}
	n.running.Go(do)
	return nil
}

// close ends the connection. Calls that wait for answers get ErrClosed.
func (n *node) close() {
	n.mu.Lock()
	n.closed = true
	if n.attempt != nil {
		n.attempt.cancel()
	}
	n.mu.Unlock()
	if l := n.current.Load(); l != nil {
		l.Close()
	}
	n.running.Wait()
}

func orDefault(d, def time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return def
}
