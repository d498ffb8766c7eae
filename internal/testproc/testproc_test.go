//go:build unix

package testproc

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
