package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGetOrSet(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		sh.want("[1, 2]\n", 0, "get-or-set", "a", "[1,\n 2]", "--ttl", "1h")
		sh.wantTTL(3600, "a")
		sh.want("[1, 2]\n", 0, "get-or-set", "a", "3")
		sh.want("{\"value\":3}\n", 0, "get-or-set", "b", "3", "--json")
		sh.fails("needs a JSON value", "get-or-set", "a")
		sh.fails("not both", "get-or-set", "a", "1", "--", "true")
		sh.fails("behind -- there is no command", "get-or-set", "a", "--")
		sh.fails(`get-or-set "c": not JSON`, "get-or-set", "c", "x")
		sh.want("5\n", 0, "get-or-set", "--", "-k", "5")
		sh.want("5\n", 0, "get", "--", "-k")
	})
}

func TestGetOrSetRunsACommand(t *testing.T) {
	needs(t, "sh")
	engines(t, func(t *testing.T, sh *shell) {
		count := filepath.Join(t.TempDir(), "count")
		script := "echo run >>" + count + `; echo " {\"a\":"; echo "$1}"`
		for range 2 {
			sh.want("{\"a\":-1}\n", 0, "get-or-set", "k", "--ttl", "10m", "--", "sh", "-c", script, "--", "-1", "--json")
		}
		if data, _ := os.ReadFile(count); string(data) != "run\n" {
			t.Errorf("the command ran: %q", data)
		}
		sh.wantTTL(600, "k")
	})
}

func TestGetOrSetCommandFails(t *testing.T) {
	needs(t, "sh")
	sh := sqliteShell(t)
	r := sh.run("get-or-set", "k", "--", "sh", "-c", "echo 1; echo reason >&2; exit 3")
	if r.status != 2 || r.out != "" || r.err != "reason\nlarder: get-or-set \"k\": nothing stored: sh: exit status 3\n" {
		t.Errorf("%+v", r)
	}
	sh.fails("nothing stored: what the command printed: not JSON", "get-or-set", "k", "--", "echo", "hello")
	sh.fails("empty, not JSON", "get-or-set", "k", "--", "true")
	sh.fails("NaN", "get-or-set", "k", "--", "echo", "[NaN]")
	sh.fails("no-such-command", "get-or-set", "k", "--", "no-such-command")
	sh.want("", 0, "keys")
}

// The time-out is for calls to the engine.
func TestTimeoutIsNotTheChilds(t *testing.T) {
	needs(t, "sleep")
	sqliteShell(t).want("1\n", 0, "get-or-set", "k", "--timeout", "100ms", "--", "sh", "-c", "sleep 0.3; echo 1")
}

func TestInterruptEndsTheChild(t *testing.T) {
	needs(t, "sh")
	sh := sqliteShell(t)
	began := filepath.Join(t.TempDir(), "began")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		waitFor(t, began)
		stop()
	}()
	start := time.Now()
	r := sh.runContext(ctx, "get-or-set", "k", "--", "sh", "-c", "touch "+began+"; exec sleep 60")
	if r.status != 2 || r.err != "larder: interrupted\n" || time.Since(start) > 30*time.Second {
		t.Errorf("%+v after %v", r, time.Since(start))
	}
	sh.want("", 0, "keys")
}

// waitFor waits until a file is there.
func waitFor(t *testing.T, path string) {
	for range 10_000 {
		if data, err := os.ReadFile(path); err == nil && !strings.HasPrefix(string(data), "\x00") {
			return
		}
		time.Sleep(time.Millisecond) // another process makes it: nothing to wait on
	}
	t.Errorf("%s is not there", path)
}
