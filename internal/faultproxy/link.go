package faultproxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// pieceSize is how many bytes are forwarded at once, and so the longest reply that Truncate can shorten as a whole.
const pieceSize = 64 << 10

// manner is how a connection ends.
type manner int

const (
	hangUp manner = iota // FIN
	reset                // RST
)

// link is one client's connection and the one to the target that belongs to it.
type link struct {
	faults         *faults
	client, server net.Conn
	replied        atomic.Int64   // bytes, since CutAfter
	shut           [2]atomic.Bool // sides that were half-closed
	once           sync.Once
	done           chan struct{}
}

func newLink(f *faults, client, server net.Conn) *link {
	return &link{faults: f, client: client, server: server, done: make(chan struct{})}
}

// run forwards both ways until both are through.
func (l *link) run() {
	var both sync.WaitGroup
	both.Go(func() { l.pump(l.client, l.server, l.request) })
	both.Go(func() { l.pump(l.server, l.client, l.reply) })
	both.Wait()
}

// end closes both connections, which ends run. Only the first call counts.
func (l *link) end(how manner) {
	l.once.Do(func() {
		close(l.done)
		for _, conn := range []net.Conn{l.client, l.server} {
			if tcp, ok := conn.(*net.TCPConn); ok && how == reset {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
		}
	})
}

func (l *link) halfClose(side Side) {
	l.shut[side].Store(true)
	if side == Requests {
		closeWrite(l.server)
	} else {
		closeWrite(l.client)
	}
}

func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// piece is some bytes and the time when they may go on, or the end of a stream.
type piece struct {
	bytes []byte
	due   time.Time
	end   error // io.EOF in good order, another when the connection broke
}

// pump forwards one direction. Reading goes on while pieces wait for their time, so that latency does not make a
// connection slow.
func (l *link) pump(from, to net.Conn, forward func([]byte) bool) {
	pieces := make(chan piece, 64)
	var reading sync.WaitGroup
	reading.Go(func() { l.read(from, pieces) })
	l.write(to, pieces, forward)
	reading.Wait()
}

func (l *link) read(from net.Conn, pieces chan<- piece) {
	defer close(pieces)
	for {
		buf := make([]byte, pieceSize)
		n, err := from.Read(buf)
		due := time.Now().Add(l.faults.get().latency)
		if n > 0 && !l.send(pieces, piece{bytes: buf[:n], due: due}) {
			return
		}
		if err != nil {
			l.send(pieces, piece{due: due, end: err})
			return
		}
	}
}

func (l *link) send(pieces chan<- piece, p piece) bool {
	select {
	case pieces <- p:
		return true
	case <-l.done:
		return false
	}
}

func (l *link) write(to net.Conn, pieces <-chan piece, forward func([]byte) bool) {
	for p := range pieces {
		l.wait(p.due)
		l.faults.whileFrozen(l.done)
		l.pass(p, to, forward)
	}
}

func (l *link) pass(p piece, to net.Conn, forward func([]byte) bool) {
	switch {
	case l.ended(): // a piece that nobody gets must not use up a fault for once
	case errors.Is(p.end, io.EOF):
		closeWrite(to)
	case p.end != nil:
		l.end(reset)
	case !forward(p.bytes):
		l.end(hangUp)
	}
}

func (l *link) ended() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

func (l *link) wait(due time.Time) {
	delay := time.Until(due)
	if delay <= 0 {
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.done:
	}
}

// request forwards what the client sent, or answers it.
func (l *link) request(data []byte) bool {
	garbage, endless := l.faults.takeGarbage()
	switch {
	case endless:
		return l.pour(garbage)
	case garbage != nil:
		return l.put(Replies, garbage)
	}
	return l.put(Requests, data)
}

// pour writes the pattern until nobody takes it any more.
func (l *link) pour(pattern []byte) bool {
	chunk := make([]byte, 0, pieceSize+len(pattern))
	for len(chunk) < pieceSize {
		chunk = append(chunk, pattern...)
	}
	for writeAll(l.client, chunk) {
		l.faults.whileFrozen(l.done)
	}
	return false
}

// reply forwards what the target sent, or as much of it as the faults let through.
func (l *link) reply(data []byte) bool {
	if n := l.faults.takeTruncate(); n > 0 {
		writeAll(l.client, data[:max(0, len(data)-n)])
		return false
	}
	before := l.replied.Add(int64(len(data))) - int64(len(data))
	if limit := l.faults.get().cutAfter; limit >= 0 && before+int64(len(data)) > int64(limit) {
		l.cutWithin(data[:max(0, int64(limit)-before)])
		return false
	}
	return l.put(Replies, data)
}

// put writes to one side. What comes after its half was closed is lost, and the other half goes on.
func (l *link) put(side Side, data []byte) bool {
	to := l.server
	if side == Replies {
		to = l.client
	}
	return writeAll(to, data) || l.shut[side].Load()
}

// cutWithin forwards the last bytes and resets.
func (l *link) cutWithin(data []byte) {
	writeAll(l.client, data)
	l.end(reset)
}

func writeAll(w io.Writer, data []byte) bool {
	_, err := w.Write(data)
	return err == nil
}
