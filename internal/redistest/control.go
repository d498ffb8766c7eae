package redistest

import (
	"fmt"
	"os"
	"testing"

	"github.com/larder-go/larder/internal/testproc"
)

// logTail is how much of a log is worth showing.
const logTail = 4 << 10

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
func (s *Server) TLS() *Files { return s.tls }

// Pid is the id of the process, also of one that has ended.
func (s *Server) Pid() int { return s.current().Pid() }

// Log is the end of what the server logged, over all its restarts.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-logTail):])
}

// ConfigSet changes a setting of the running server. A restart forgets it.
func (s *Server) ConfigSet(tb testing.TB, name, value string) {
	tb.Helper()
	s.MustDo(tb, "CONFIG", "SET", name, value)
}

// Kill ends the process as a crash would, and returns when it is gone. Restart brings it back.
func (s *Server) Kill() {
	s.current().Kill()
}

// Stop ends the process in good order: it closes its connections and writes what it persists.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	if err := s.stop(); err != nil {
		tb.Fatalf("redistest: stop: %v", err)
	}
}

func (s *Server) stop() error {
	p := s.current()
	_, err := s.Do("SHUTDOWN") // a server that obeys hangs up
	if wait := testproc.Await(startLimit, func() bool { return !p.Running() }); wait != nil {
		return fmt.Errorf("%w: %w", wait, err)
	}
	return nil
}

// Restart starts the server again on its port and its data, and returns when it answers. One that still runs is
// stopped in good order. What was not persisted is gone: see Config("appendonly yes").
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if s.current().Running() {
		s.Stop(tb)
	}
	if err := s.run(); err != nil {
		tb.Fatalf("redistest: restart: %v; its log:\n%s", err, s.Log())
	}
}

// Freeze stops the process as it is: connections stay, new ones are even accepted by the kernel, and nothing answers.
func (s *Server) Freeze(tb testing.TB) {
	tb.Helper()
	if err := s.current().Freeze(); err != nil {
		tb.Fatalf("redistest: freeze: %v", err)
	}
}

// Thaw lets a frozen process go on.
func (s *Server) Thaw(tb testing.TB) {
	tb.Helper()
	if err := s.current().Thaw(); err != nil {
		tb.Fatalf("redistest: thaw: %v", err)
	}
}
