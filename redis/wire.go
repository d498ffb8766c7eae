package redis

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// wire is a connection as rueidis gets it: what comes in has been looked at.
type wire struct {
	net.Conn
	in   replies
	out  requests
	due  dues
	gone func() // called once, when it is closed

	once   sync.Once
	ended  atomic.Bool
	broken atomic.Bool // it ended because of a fault
	alone  atomic.Bool // rueidis waits for one answer on its caller's goroutine, and sees only the connection's deadline
	of     *dialer
	err    error // what was wrong with an answer; used by the reader only
}

func newWire(c net.Conn, of *dialer, gone func()) *wire {
	w := &wire{Conn: c, of: of, gone: gone}
	w.in.due, w.out.due = &w.due, &w.due
	return w
}

// Read ends the connection at the first answer that is none: what follows could be taken for the answers to other commands.
func (w *wire) Read(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.Conn.Read(p)
	if err != nil && !w.ended.Load() {
		w.broken.Store(true)
	}
	if w.err = w.in.read(p[:n]); w.err != nil {
		w.broken.Store(true)
		_ = w.Close()
		return 0, w.err
	}
	if w.of.flow.abandoned.Load() > 0 {
		w.of.flow.answered(w.due.taken())
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	w.out.write(p) // first: the answer may be there before Write returns
	return w.Conn.Write(p)
}

// SetDeadline tells how rueidis uses the connection: with a deadline for each command as long as there is one at a time, without
// one from the first time that there are two.
func (w *wire) SetDeadline(t time.Time) error {
	w.setAlone(!t.IsZero() && !w.ended.Load())
	return w.Conn.SetDeadline(t)
}

func (w *wire) setAlone(alone bool) {
	if w.alone.Load() == alone || !w.alone.CompareAndSwap(!alone, alone) {
		return
	}
	if alone {
		w.of.alone.Add(1)
	} else {
		w.of.alone.Add(-1)
	}
}

// interrupt ends the wait for an answer whose caller's context has ended before its deadline.
func (w *wire) interrupt() {
	if w.alone.Load() {
		_ = w.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

func (w *wire) Close() error {
	w.ended.Store(true)
	w.setAlone(false)
	w.once.Do(w.gone)
	return w.Conn.Close()
}
