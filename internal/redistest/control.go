package redistest

import (
	"fmt"
	"testing"

	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/internal/testtls"
)

// Kind tells which program this is.
func (s *Server) Kind() Kind { return s.kind }

// Addr is host:port, or the path of the socket.
func (s *Server) Addr() string {
	if s.socket != "" {
		return s.socket
	}
	return testproc.Loopback(s.port)
}

// Port is the TCP port, with TLS the one for that.
func (s *Server) Port() int { return s.port }

// Socket is the path of the unix socket, empty without one.
func (s *Server) Socket() string { return s.socket }

// TLS tells the files that a client needs, nil without TLS.
func (s *Server) TLS() *testtls.Files { return s.tls }

// ConfigSet changes a setting of the running server. A restart forgets it.
func (s *Server) ConfigSet(tb testing.TB, name, value string) {
	tb.Helper()
	s.MustDo(tb, "CONFIG", "SET", name, value)
}

// Stop ends the process in good order: it closes its connections and writes what it persists.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	if err := s.stop(); err != nil {
		tb.Fatalf("redistest: stop: %v", err)
	}
}

func (s *Server) stop() error {
	_, err := s.Do("SHUTDOWN") // a server that obeys hangs up
	if wait := s.AwaitEnd(); wait != nil {
		return fmt.Errorf("%w: %w", wait, err)
	}
	return nil
}

// Restart starts the server again on its port and its data, and returns when it answers. One that still runs is
// stopped in good order. What was not persisted is gone: see Config("appendonly yes").
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if s.Running() {
		s.Stop(tb)
	}
	if err := s.run(); err != nil {
		tb.Fatalf("redistest: restart: %v; its log:\n%s", err, s.Log())
	}
}
