package conn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis/internal/wire"
)

// Dialer makes connections for one rueidis client.
//
// rueidis connects in the middle of a call, with that call's context, and everybody else who needs the same connection
// waits for it, whatever becomes of his own context; when it fails, they get its error. So a dial from within a call does
// not wait: it fetches a connection that has been made on a goroutine of its own and whose server has answered a PING, or fails
// at once with a notConnected. Nothing has been sent then, so that Client can wait, as long as its caller's context lasts, and
// let the call be made again.
type Dialer struct {
	timeout time.Duration
	ctx     context.Context // ends with the client
	cancel  context.CancelFunc
	running sync.WaitGroup
	flow    *wire.Flow

	mu        sync.Mutex
	renounced time.Time // when all connections were given up last
	patient   bool      // the client is being made: nobody waits but for it
	hosts     map[string]*host
	wires     map[*wire.Conn]struct{}
}

// notConnected is the error of a call that has not been sent.
type notConnected struct {
	addr string
	err  error // of the last attempt
}

func (e *notConnected) Error() string {
	if e.err == nil {
		return "connecting to " + e.addr
	}
	return fmt.Sprintf("cannot connect to %s: %v", e.addr, e.err)
}

func (e *notConnected) Unwrap() error { return e.err }

func newDialer(timeout time.Duration) *Dialer {
	d := &Dialer{timeout: timeout, flow: wire.NewFlow(), patient: true, hosts: map[string]*host{}, wires: map[*wire.Conn]struct{}{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// settle says that the client has been made.
func (d *Dialer) settle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.patient = false
}

// dial is rueidis' DialCtxFn.
func (d *Dialer) dial(ctx context.Context, addr string, nd *net.Dialer, config *tls.Config) (net.Conn, error) {
	d.mu.Lock()
	h := d.host(addr)
	if w := h.fetch(); w != nil {
		d.mu.Unlock()
		return w, nil
	}
	// A second connection to a server that works is waited for here: only the one who wants it does.
	wait := d.patient || nd.KeepAlive == sentinelBeat || h.open > 0 && !h.suspect
	if !wait && d.ctx.Err() == nil {
		d.begin(h, addr, config)
		defer d.mu.Unlock()
		return nil, &notConnected{addr, h.err}
	}
	d.mu.Unlock()
	w, err := d.connect(ctx, addr, config)
	switch {
	case err == nil:
		return w, nil
	case errors.Is(err, driver.ErrClosed), errors.Is(err, context.Canceled):
		return nil, err
	}
	return nil, fmt.Errorf("cannot connect to %s: %w", addr, err) // not a notConnected, after which the call is made again
}

// begin starts an attempt, unless one is under way or the last one failed only just now.
func (d *Dialer) begin(h *host, addr string, config *tls.Config) {
	if h.dialing != nil || time.Now().Before(h.next) {
		return
	}
	h.dialing = make(chan struct{})
	d.running.Go(func() {
		w, err := d.connect(d.ctx, addr, config)
		d.mu.Lock()
		defer d.mu.Unlock()
		h.ended(w, err)
	})
}

// await returns when addr has been connected to, or with the error of the last attempt.
func (d *Dialer) await(ctx context.Context, addr string) error {
	d.mu.Lock()
	h := d.host(addr)
	dialing := h.dialing
	err := h.err
	d.mu.Unlock()
	if dialing == nil {
		return wrapDial(addr, err)
	}
	select {
	case <-dialing:
	case <-ctx.Done():
		return ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return wrapDial(addr, h.err)
}

func wrapDial(addr string, err error) error {
	if err == nil {
		return nil
	}
	return &notConnected{addr, err}
}

// connect makes a connection whose server answers.
func (d *Dialer) connect(ctx context.Context, addr string, config *tls.Config) (*wire.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	conn, err := wire.Reach(ctx, addr, config)
	switch {
	case d.ctx.Err() != nil:
		if conn != nil {
			_ = conn.Close()
		}
		return nil, driver.ErrClosed
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("no answer within %v%s", d.timeout, wire.Unanswered(err))
	case err != nil:
		return nil, err
	}
	return d.track(addr, conn)
}

// track counts a connection until it is closed.
func (d *Dialer) track(addr string, conn net.Conn) (*wire.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		_ = conn.Close()
		return nil, driver.ErrClosed
	}
	h := d.host(addr)
	h.open++
	h.suspect, h.err = false, nil
	var w *wire.Conn
	w = wire.New(conn, d.flow, func() { d.untrack(h, w) })
	d.wires[w] = struct{}{}
	return w, nil
}

func (d *Dialer) untrack(h *host, w *wire.Conn) {
	d.mu.Lock()
	delete(d.wires, w)
	h.open--
	h.suspect = h.suspect || w.Broken()
	d.mu.Unlock()
}

// interrupt is called when the context of a call has ended before its deadline.
func (d *Dialer) interrupt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for w := range d.wires {
		w.Interrupt()
	}
}

// stop ends attempts that are under way. Connections go on.
func (d *Dialer) stop() { d.cancel() }

func (d *Dialer) stopped() bool { return d.ctx.Err() != nil }

// hangUp closes every connection.
func (d *Dialer) hangUp() {
	d.mu.Lock()
	left := slices.Collect(maps.Keys(d.wires))
	d.mu.Unlock()
	for _, w := range left {
		_ = w.Close()
	}
}

// renounce is hangUp for who would rather be connected to something else, once in a while.
func (d *Dialer) renounce() {
	d.mu.Lock()
	due := time.Since(d.renounced) >= lastRedial
	if due {
		d.renounced = time.Now()
	}
	d.mu.Unlock()
	if due {
		d.hangUp()
	}
}

// close ends everything.
func (d *Dialer) close() {
	d.cancel()
	d.hangUp()
	d.running.Wait()
}
