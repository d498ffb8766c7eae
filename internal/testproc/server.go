package testproc

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// startLimit is how long a server may take until it answers, on a machine that is busy.
	startLimit = 20 * time.Second
	// logTail is how much of a log is worth showing.
	logTail = 4 << 10
)

// ErrEnded is the error of Run when the server has ended before it answered.
var ErrEnded = errors.New("the server ended before it answered")

// Server is a server program whose process comes and goes. Its methods may be called concurrently, except that those
// that change the process (Run, Kill, Freeze, Thaw) are for one goroutine at a time.
type Server struct {
	output string // the file for what it logs

	mu   sync.Mutex
	proc *Process
}

// NewServer returns a server that does not run yet.
func NewServer(output string) *Server { return &Server{output: output} }

// Run starts the program, and returns when ask has had an answer: no error.
func (s *Server) Run(ask func() error, args ...string) error {
	proc, err := Launch(s.output, args...)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.proc = proc
	s.mu.Unlock()
	if err := waitReady(proc, ask); err != nil {
		proc.Kill()
		return err
	}
	return nil
}

func waitReady(proc *Process, ask func() error) error {
	var last error
	err := Await(startLimit, func() bool {
		if proc.Running() {
			last = ask()
		}
		return last == nil || !proc.Running()
	})
	switch {
	case !proc.Running():
		return ErrEnded
	case err != nil:
		return fmt.Errorf("the server does not answer: %w", last)
	}
	return nil
}

// RunSomewhere calls run, which is to choose a free port and call Run, until no other program is quicker to take the
// port. Its error has the end of the log.
func (s *Server) RunSomewhere(run func() error) (err error) {
	for range 10 {
		if err = run(); !errors.Is(err, ErrEnded) || !strings.Contains(s.Log(), "Address already in use") {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%w; its log:\n%s", err, s.Log())
	}
	return nil
}

func (s *Server) current() *Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}

// Running tells whether the process has not ended.
func (s *Server) Running() bool { return s.current().Running() }

// Pid is the id of the process, also of one that has ended.
func (s *Server) Pid() int { return s.current().Pid() }

// Kill ends the process as a crash would, and returns when it is gone.
func (s *Server) Kill() { s.current().Kill() }

// AwaitEnd returns when a process that was asked to end has.
func (s *Server) AwaitEnd() error {
	return Await(startLimit, func() bool { return !s.Running() })
}

// Freeze stops the process as it is: connections stay, new ones are even accepted by the kernel, and nothing answers.
func (s *Server) Freeze(tb testing.TB) {
	tb.Helper()
	if err := s.current().Freeze(); err != nil {
		tb.Fatalf("freeze: %v", err)
	}
}

// Thaw lets a frozen process go on.
func (s *Server) Thaw(tb testing.TB) {
	tb.Helper()
	if err := s.current().Thaw(); err != nil {
		tb.Fatalf("thaw: %v", err)
	}
}

// Log is the end of what the server logged, over all its processes.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.output)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-logTail):])
}

// ShowLog adds the end of the log to that of a test that has failed.
func (s *Server) ShowLog(tb testing.TB, name string) {
	tb.Helper()
	if tb.Failed() {
		tb.Logf("log of %s:\n%s", name, s.Log())
	}
}
