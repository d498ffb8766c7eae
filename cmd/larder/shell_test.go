package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/larder-go/larder"
)

// shell runs the program in this process, on one cache.
type shell struct {
	t   *testing.T
	url string
	in  string // standard input of the next run
	tty bool   // standard output and error are terminals
}

// result is what a run has left behind.
type result struct {
	out, err string
	status   int
}

// engines runs a test on each engine that the command has.
func engines(t *testing.T, test func(t *testing.T, sh *shell)) {
	t.Run("memory", func(t *testing.T) { test(t, memoryShell(t)) })
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteShell(t)) })
	t.Run("redis", func(t *testing.T) { test(t, redisShell(t)) })
}

// memoryShell has a cache that lives as long as the test.
func memoryShell(t *testing.T) *shell {
	url := fmt.Sprintf("memory://%x", t.Name())
	c, err := larder.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &shell{t: t, url: url}
}

// sqliteShell has an empty database.
func sqliteShell(t *testing.T) *shell {
	sh := &shell{t: t, url: fileURL(filepath.Join(t.TempDir(), "a file %41?#.db"))}
	c, err := larder.Open(context.Background(), sh.url)
	if err == nil {
		err = c.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return sh
}

func (sh *shell) run(args ...string) result { return sh.runContext(context.Background(), args...) }

func (sh *shell) runContext(ctx context.Context, args ...string) result {
	var out, err bytes.Buffer
	env := func(name string) string {
		if name == "LARDER_URL" {
			return sh.url
		}
		return ""
	}
	w := world{strings.NewReader(sh.in), &out, &err, env, sh.tty, sh.tty}
	sh.in = ""
	status := w.run(ctx, args)
	stderr := err.String()
	if strings.HasPrefix(sh.url, "memory://") { // which here outlives the command
		stderr = strings.ReplaceAll(stderr, "larder: note: memory:// lasts only as long as this command\n", "")
	}
	return result{out.String(), stderr, status}
}

// want runs and compares the standard output, where ~ stands for anything.
func (sh *shell) want(out string, status int, args ...string) result {
	sh.t.Helper()
	r := sh.run(args...)
	if r.status != status || !matches(r.out, out) {
		sh.t.Errorf("larder %q:\n got %d %q (stderr %q)\nwant %d %q", args, r.status, r.out, r.err, status, out)
	}
	if status != statusFailure && r.err != "" {
		sh.t.Errorf("larder %q: stderr %q", args, r.err)
	}
	return r
}

// matches compares with a pattern in which ~ stands for anything.
func matches(got, pattern string) bool {
	parts := strings.Split(pattern, "~")
	for i, part := range parts {
		at := strings.Index(got, part)
		if at < 0 || (i == 0 && at > 0) {
			return false
		}
		got = got[at+len(part):]
	}
	return got == "" || parts[len(parts)-1] == "" && len(parts) > 1
}

// fails runs what has to fail with one line on standard error that has part in it, and nothing on standard output.
func (sh *shell) fails(part string, args ...string) {
	sh.t.Helper()
	r := sh.run(args...)
	if r.status != statusFailure || r.out != "" {
		sh.t.Errorf("larder %.200q: got %d %q", args, r.status, r.out)
	}
	if !strings.HasPrefix(r.err, "larder: ") || strings.HasPrefix(r.err, "larder: larder") || strings.Count(r.err, "\n") != 1 ||
		!strings.HasSuffix(r.err, "\n") {
		sh.t.Errorf("larder %.200q: not one line: %q", args, r.err)
	}
	if !strings.Contains(r.err, part) {
		sh.t.Errorf("larder %.200q: %q has no %q", args, r.err, part)
	}
}

// wantTTL checks that a lifetime of so many seconds has just begun.
func (sh *shell) wantTTL(want float64, key string) {
	sh.t.Helper()
	r := sh.run("ttl", key)
	got, err := strconv.ParseFloat(strings.TrimSuffix(r.out, "\n"), 64)
	if err != nil || got > want || got < want-30 || r.out[len(r.out)-5] != '.' {
		sh.t.Errorf("ttl %q: %q, want %v", key, r.out, want)
	}
}

// cache opens the shell's cache for what the command line cannot do.
func (sh *shell) cache() *larder.Cache {
	c, err := larder.Open(context.Background(), sh.url)
	if err != nil {
		sh.t.Fatal(err)
	}
	sh.t.Cleanup(func() { c.Close() })
	return c
}

// raw stores bytes as they are.
func (sh *shell) raw(key, value string, opts ...larder.CallOption) {
	c := &client{Cache: sh.cache()}
	v, err := c.view("", rawText{})
	if err == nil {
		err = v.Set(context.Background(), key, []byte(value), opts...)
	}
	if err != nil {
		sh.t.Fatal(err)
	}
}

// rawText is a codec that checks nothing.
type rawText struct{ textCodec }

func (rawText) Marshal(v any) ([]byte, error) { return bytes.Clone(*v.(*[]byte)), nil }

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		got, pattern string
		want         bool
	}{
		{"", "", true}, {"a", "", false}, {"abc", "a~c", true}, {"abd", "a~c", false}, {"abc", "~", true},
		{"xabc", "a~c", false}, {"abc", "a~b", false}, {"abcd", "a~c~", true},
	} {
		if got := matches(c.got, c.pattern); got != c.want {
			t.Errorf("matches(%q, %q) = %t", c.got, c.pattern, got)
		}
	}
}
