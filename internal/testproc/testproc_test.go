//go:build unix

package testproc

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestProcess(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p, err := Launch(log, "sh", "-c", "echo ready; while :; do sleep 1; done")
	if err != nil {
		t.Fatal(err)
	}
	logged := func() bool { text, _ := os.ReadFile(log); return strings.Contains(string(text), "ready") }
	if err := Await(10*time.Second, logged); err != nil || !p.Running() || p.Pid() < 1 {
		t.Errorf("%v, running %t, pid %d", err, p.Running(), p.Pid())
	}
	if err := errors.Join(p.Freeze(), p.Thaw(), p.Freeze()); err != nil {
		t.Error(err)
	}
	p.Kill()
	p.Kill()
	if p.Running() {
		t.Error("it runs")
	}
}

func TestLaunchOfNothing(t *testing.T) {
	if p, err := Launch(filepath.Join(t.TempDir(), "log"), "no such program"); err == nil {
		t.Errorf("%+v", p)
	}
}

func TestFreePort(t *testing.T) {
	port, err := FreePort()
	if err != nil || port < firstPort || port >= lastPort {
		t.Fatal(port, err)
	}
	l, err := net.Listen("tcp", Loopback(port))
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

func TestAwait(t *testing.T) {
	if err := Await(time.Millisecond, func() bool { return false }); !errors.Is(err, ErrLate) {
		t.Error(err)
	}
	if err := Await(0, func() bool { return true }); err != nil {
		t.Error(err)
	}
}

// TestEventually: in virtual time.
func TestEventually(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := 3
		Eventually(t, func() error {
			if left--; left > 0 {
				return errors.New("not yet")
			}
			return nil
		})
		f := &failing{TB: t, ended: make(chan struct{})}
		go func() {
			defer close(f.ended)
			Eventually(f, func() error { return errors.New("never") })
		}()
		<-f.ended
		if f.text != "it does not happen: never" {
			t.Errorf("the test ends with %q", f.text)
		}
	})
}

// failing is a test that is told of its failure only.
type failing struct {
	testing.TB
	ended chan struct{}
	text  string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
