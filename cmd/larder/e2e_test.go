package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary builds the program once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "larder-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "larder")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	for _, stop := range stopServers {
		stop()
	}
	if built {
		if path, err := binary(); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(status)
}

var built bool

// program is the built program on a database of its own.
func program(t *testing.T) func(args ...string) *exec.Cmd {
	if testing.Short() {
		t.Skip("builds the program")
	}
	built = true
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	url := "LARDER_URL=" + fileURL(filepath.Join(t.TempDir(), "e2e.db"))
	return func(args ...string) *exec.Cmd {
		cmd := exec.Command(path, args...)
		cmd.Env = append(os.Environ(), url)
		return cmd
	}
}

// finish runs a command and returns what it printed, and its status.
func finish(cmd *exec.Cmd) (out, stderr string, status int) {
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", err.Error(), -1
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

func TestProgram(t *testing.T) {
	larder := program(t)
	for _, c := range []struct {
		args   []string
		out    string
		status int
	}{
		{[]string{"get", "a", "--quiet"}, "", 1},
		{[]string{"set", "a", "[1]"}, "", 0},
		{[]string{"get", "b"}, "", 1},
		{[]string{"get", "a"}, "[1]\n", 0},
		{[]string{"get", "a", "b"}, "", 2},
		{[]string{"keys"}, "a\n", 0},
	} {
		out, stderr, status := finish(larder(c.args...))
		if out != c.out || status != c.status || (status == 2) != strings.HasPrefix(stderr, "larder: ") {
			t.Errorf("%v: %d %q %q", c.args, status, out, stderr)
		}
	}
}

// Whoever reads only the beginning is not told that the rest was not wanted.
func TestBrokenPipe(t *testing.T) {
	larder := program(t)
	in := larder("import")
	in.Stdin = strings.NewReader(manyLines(20_000))
	if _, stderr, status := finish(in); status != 0 {
		t.Fatal(status, stderr)
	}
	for _, args := range [][]string{{"keys"}, {"keys", "--json"}, {"export"}} {
		cmd := larder(args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		out.Close()
		if waited := cmd.Wait(); waited != nil || err != nil || line == "" || stderr.Len() > 0 {
			t.Errorf("%v: %v %v, first line %q, stderr %q", args, waited, err, line, stderr.String())
		}
	}
}

func manyLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"key":"key:%d","value":"some value %d"}`+"\n", i, i)
	}
	return b.String()
}

func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signals")
	}
	larder := program(t)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		dir := t.TempDir()
		began, ended := filepath.Join(dir, "began"), filepath.Join(dir, "ended")
		cmd := larder("get-or-set", "k", "--", "sh", "-c",
			"trap 'echo ended >"+ended+"; exit 1' TERM; echo >"+began+"; while :; do sleep 0.01; done")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, began)
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if status := cmd.ProcessState.ExitCode(); status != 2 || stderr.String() != "larder: interrupted\n" {
			t.Errorf("%v: %d %q", sig, status, stderr.String())
		}
		waitFor(t, ended)
	}
	// The database is as good as before.
	if out, stderr, status := finish(larder("keys")); out != "" || status != 0 {
		t.Error(out, stderr, status)
	}
}

// An import that waits at a pipe ends, with what came before stored.
func TestSignalWhileReading(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signals")
	}
	larder := program(t)
	cmd := larder("import")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(in, `{"key":"a","value":1}`)
	for range 1000 {
		if _, _, status := finish(larder("has", "a")); status == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != 2 {
		t.Error(status)
	}
	if out, _, _ := finish(larder("get", "a")); out != "1\n" {
		t.Errorf("%q", out)
	}
}

// A child does not inherit what the program does with signals.
func TestChildHasItsPipes(t *testing.T) {
	needs(t, "sh")
	needs(t, "yes")
	larder := program(t)
	out, stderr, status := finish(larder("get-or-set", "k", "--", "sh", "-c", "yes 1 | head -n 1"))
	if out != "1\n" || stderr != "" || status != 0 {
		t.Errorf("%q %q %d", out, stderr, status)
	}
}
