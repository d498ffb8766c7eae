package wire

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/internal/yield"
)

// Conn is a connection as rueidis gets it: what comes in has been looked at.
type Conn struct {
	net.Conn
	in   replies
	out  requests
	due  dues
	gone func()

	once   sync.Once
	ended  atomic.Bool
	broken atomic.Bool
	alone  atomic.Bool // rueidis waits for one answer on its caller's goroutine, and sees only the connection's deadline
	flow   *Flow
	err    error // what was wrong with an answer; used by the reader only
	turn   yield.Turn
}

// New wraps a connection, one of those that have a flow in common. gone is called once, when it is closed.
func New(c net.Conn, f *Flow, gone func()) *Conn {
	w := &Conn{Conn: c, flow: f, gone: gone}
	w.in.due, w.out.due = &w.due, &w.due
	return w
}

// Broken tells whether it ended because of a fault.
func (w *Conn) Broken() bool { return w.broken.Load() }

// Read ends the connection at the first answer that is none: what follows could be taken for the answers to other commands.
func (w *Conn) Read(p []byte) (int, error) {
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
	if w.flow.abandoned.Load() > 0 {
		w.flow.answered(w.due.taken())
	}
	return n, err
}

// crowd is how many calls have to be under way for a write to let others go first.
const crowd = 4

// Write notes what is asked. Where many call, it lets those run first that can: what they ask goes out in the next write, all of it
// together. A write costs the system more than all else that a call does, so that fewer of them are up to twice as many calls; where few
// call, there is nobody to let go first, and it would only cost time.
func (w *Conn) Write(p []byte) (int, error) {
	if w.flow.active.Load() > crowd {
		w.turn.Take()
	}
	w.out.write(p) // first: the answer may be there before Write returns
	return w.Conn.Write(p)
}

// SetDeadline tells how rueidis uses the connection: with a deadline for each command as long as there is one at a time, without
// one from the first time that there are two.
func (w *Conn) SetDeadline(t time.Time) error {
	w.setAlone(!t.IsZero() && !w.ended.Load())
	return w.Conn.SetDeadline(t)
}

func (w *Conn) setAlone(alone bool) {
	if w.alone.Load() == alone || !w.alone.CompareAndSwap(!alone, alone) {
		return
	}
	if alone {
		w.flow.alone.Add(1)
	} else {
		w.flow.alone.Add(-1)
	}
}

// Interrupt ends the wait for an answer whose caller's context has ended before its deadline.
func (w *Conn) Interrupt() {
	if w.alone.Load() {
		_ = w.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// Close ends the connection. What is due on it will not come.
func (w *Conn) Close() error {
	w.ended.Store(true)
	w.setAlone(false)
	w.once.Do(func() {
		w.gone()
		w.flow.forget()
	})
	return w.Conn.Close()
}
