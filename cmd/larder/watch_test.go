package main

import (
	"bufio"
	"context"
	"io"
	"iter"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// watching is a watch of the shell's cache that runs beside the test, its standard output line by line.
type watching struct {
	*shell
	lines  *bufio.Scanner
	last   string
	cancel func()
	ended  chan result
}

// watch begins one, and returns when it is told of everything.
func (sh *shell) watch(args ...string) *watching {
	sh.t.Helper()
	return sh.command(append([]string{"watch"}, args...)...)
}

// command begins a run that goes on beside the test.
func (sh *shell) command(args ...string) *watching {
	sh.t.Helper()
	read, write := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watching{shell: sh, lines: bufio.NewScanner(read), cancel: cancel, ended: make(chan result, 1)}
	go func() {
		var stderr strings.Builder
		env := func(string) string { return sh.url }
		status := world{strings.NewReader(""), write, &stderr, env, false, false}.run(ctx, args)
		_ = write.Close()
		w.ended <- result{err: stderr.String(), status: status}
	}()
	sh.t.Cleanup(func() { cancel(); _ = read.Close() })
	return w
}

// line returns the next line.
func (w *watching) line() string {
	w.t.Helper()
	late := time.AfterFunc(20*time.Second, w.cancel)
	defer late.Stop()
	w.lines.Scan()
	return w.lines.Text()
}

// want skips what a watch may tell again.
func (w *watching) want(lines ...string) {
	w.t.Helper()
	for _, want := range lines {
		got := w.line()
		for got == w.last && got != want {
			got = w.line()
		}
		if got != want {
			w.t.Fatalf("got %q, want %q", got, want)
		}
		w.last = got
	}
}

// wantEnd waits for the end of the run.
func (w *watching) wantEnd(status int, stderr string) {
	w.t.Helper()
	if r := <-w.ended; r.status != status || r.err != stderr {
		w.t.Errorf("%d %q, want %d %q", r.status, r.err, status, stderr)
	}
}

// untilTold writes a key until the watch tells of it: its beginning is not to be seen from outside.
func (w *watching) untilTold(key string) {
	w.t.Helper()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
				w.shell.run("set", key, "1")
			}
		}
	}()
	w.want(escapeKey(key))
}

func TestWatchAsObjects(t *testing.T) {
	sh := redisShell(t)
	w := sh.watch("--json", "--limit", "4")
	w.want(`{"gap":true}`)
	sh.raw("a\n\"é", "1")
	sh.raw("\xff", "1")
	w.want(`{"key":"a\n\"é"}`, `{"key_base64":"/w=="}`)
	sh.want("1\n", 0, "delete", "\xff")
	sh.want("", 0, "set", "b", "1", "--key-prefix", "other")
	w.want(`{"key_base64":"/w=="}`)
	sh.want("", 0, "clear", "--yes")
	w.want(`{"gap":true}`, `{"gap":true}`)
	sh.want("1\n", 0, "incr", "n")
	w.want(`{"key":"n"}`)
	w.wantEnd(0, "")
}

func TestWatchAsLines(t *testing.T) {
	sh := redisShell(t)
	w := sh.watch("u:")
	w.untilTold("u:begun")
	sh.want("", 0, "set-many", "other=1", "u:a\n=1")
	sh.want("", 0, "set", "u:b", "1", "--ttl", "0.05")
	w.want(`u:a\n`, "u:b")
	for sh.run("has", "u:b").status == statusDone {
		continue // it expires when it is asked for: this server has too many databases to look through them soon
	}
	w.want("u:b")
	sh.want("", 0, "clear", "--yes")
	w.want(`\gap`)
	sh.want("", 0, "set", `u:\gap`, "1")
	w.want(`u:\\gap`) // one gap was enough
	w.cancel()
	w.wantEnd(0, "")
}

func TestWatchAll(t *testing.T) {
	sh := redisShell(t)
	w := sh.watch("--all", "--json", "p:2:", "--url", sh.url+"?key_prefix=q")
	w.want(`{"gap":true}`)
	sh.want("", 0, "set", "k", "1", "--key-prefix", "p", "--key-version", "2")
	w.want(`{"key":"p:2:k"}`)
	sh.fails("watch: --all is for", "watch", "--all", "--key-prefix", "p")
	sh.fails("watch: --limit is not above zero", "watch", "--limit", "0")
}

func TestWatchNeedsAnEngineThatTells(t *testing.T) {
	for _, sh := range []*shell{memoryShell(t), sqliteShell(t), {t: t, url: "dummy://"}} {
		sh.fails("redis:// can tell of changes", "watch")
	}
}

func TestWatchIsInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signals")
	}
	sh := redisShell(t)
	cmd := program(t)("watch", "--json", "--url", sh.url)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull(linesOf(out))
	defer stop()
	if line, _ := next(); line != `{"gap":true}` {
		t.Fatalf("%q", line)
	}
	sh.want("", 0, "set", "a", "1")
	if line, _ := next(); line != `{"key":"a"}` { // although standard output is no terminal
		t.Fatalf("%q", line)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || stderr.String() != "" {
		t.Errorf("%v %q", err, stderr.String())
	}
}

func linesOf(r io.Reader) iter.Seq[string] {
	return func(yield func(string) bool) {
		for s := bufio.NewScanner(r); s.Scan() && yield(s.Text()); {
		}
	}
}
