package testproc

import (
	"net"
	"sync"
	"testing"
)

// Listen is a server within the test: it hands each connection to handle, on a goroutine of its own, and returns the
// address. At the end of the test it closes what is still open, and waits for handle. network and address are as for
// net.Listen: "tcp" and "127.0.0.1:0", or "unix" and a path.
func Listen(tb testing.TB, network, address string, handle func(net.Conn)) string {
	tb.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		tb.Fatal(err)
	}
	s := &listener{handle: handle, open: map[net.Conn]struct{}{}}
	s.running.Go(func() { s.accept(l) })
	tb.Cleanup(func() {
		_ = l.Close()
		s.end()
	})
	return l.Addr().String()
}

type listener struct {
	handle  func(net.Conn)
	running sync.WaitGroup

	mu    sync.Mutex
	open  map[net.Conn]struct{}
	ended bool
}

func (s *listener) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		s.running.Go(func() {
			if s.add(conn) {
				s.handle(conn)
			}
			s.remove(conn)
		})
	}
}

func (s *listener) add(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[conn] = struct{}{}
	return !s.ended
}

func (s *listener) remove(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, conn)
	_ = conn.Close()
}

func (s *listener) end() {
	s.mu.Lock()
	s.ended = true
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}
