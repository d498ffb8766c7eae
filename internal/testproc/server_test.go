//go:build unix

package testproc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// script runs a shell as a server that answers once there is a file.
func script(t *testing.T, s *Server, lines string) error {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	ask := func() error {
		_, err := os.Stat(ready)
		return err
	}
	return s.Run(ask, "sh", "-c", fmt.Sprintf(lines, ready))
}

func TestServer(t *testing.T) {
	s := NewServer(filepath.Join(t.TempDir(), "log"))
	for range 2 {
		if err := script(t, s, "echo begins; touch %s; exec sleep 60"); err != nil {
			t.Fatal(err)
		}
		s.Freeze(t)
		s.Thaw(t)
		if !s.Running() || s.Pid() < 1 {
			t.Errorf("running %t, pid %d", s.Running(), s.Pid())
		}
		s.Kill()
		if s.Running() {
			t.Error("it runs")
		}
	}
	if log := s.Log(); log != "begins\nbegins\n" {
		t.Errorf("its log: %q", log)
	}
	if err := script(t, s, "touch %s; exec sleep 0.1"); err != nil {
		t.Fatal(err)
	}
	if err := s.AwaitEnd(); err != nil {
		t.Error(err)
	}
}

// TestServerEnds: one that ends before it answers is no server; only if its port was taken it is tried again.
func TestServerEnds(t *testing.T) {
	for text, want := range map[string]int{"no such option": 1, "bind: Address already in use": 10} {
		s, tries := NewServer(filepath.Join(t.TempDir(), "log")), 0
		err := s.RunSomewhere(func() error {
			tries++
			return script(t, s, "echo "+text+" # %s")
		})
		if !errors.Is(err, ErrEnded) || !strings.Contains(err.Error(), text) || tries != want {
			t.Errorf("%v after %d attempts", err, tries)
		}
	}
}
