package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// failing is a standard output that takes nothing.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "|1", Err: f.err}
}

// A reader that has gone makes no "yes" of a "no".
func TestStatusWithoutReader(t *testing.T) {
	sh := sqliteShell(t)
	sh.want("", 0, "set", "a", "1")
	sh.want("", 0, "set", "large", `"`+strings.Repeat("x", 100_000)+`"`)
	for _, c := range []struct {
		args string
		want int
	}{
		{"add a 1 --json", 1}, {"get b --json", 1}, {"has b --json", 1}, {"ttl b --json", 1}, {"delete b", 1},
		{"add b 1 --json", 0}, {"get a", 0}, {"get large", 0}, {"has a --json", 0}, {"keys", 0}, {"export", 0}, {"--help", 0},
		{"get a b", 2}, {"set a {", 2},
	} {
		for why, want := range map[error]int{syscall.EPIPE: c.want, syscall.ENOSPC: 2} {
			var stderr strings.Builder
			w := world{stdin: strings.NewReader(""), stdout: failing{why}, stderr: &stderr, env: func(string) string { return sh.url }}
			if got := w.run(context.Background(), strings.Fields(c.args)); got != want || (got == 2) != (stderr.Len() > 0) {
				t.Errorf("larder %s, %v: %d %q, want %d", c.args, why, got, stderr.String(), want)
			}
			sh.want("~", sh.run("has", "b").status, "delete", "b") // what could not be told has been done all the same
		}
	}
}

// The broken pipe of an engine is a failure.
func TestBrokenPipeOfAnEngine(t *testing.T) {
	var stderr strings.Builder
	a := &app{world: world{stderr: &stderr}, ctx: context.Background(), secrets: secretsIn(nil)}
	if got := a.status(fmt.Errorf("redis: %w", syscall.EPIPE)); got != 2 || stderr.String() != "larder: redis: broken pipe\n" {
		t.Errorf("%d %q", got, stderr.String())
	}
	if got := a.status(errors.Join(errNo, syscall.EPIPE)); got != 1 {
		t.Error(got)
	}
}
