package main

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/larder-go/larder/internal/memcachetest"
)

// memcachedPool has servers for tests that run side by side: a server has no databases.
var memcachedPool = sync.OnceValue(func() *memcachetest.Pool {
	p := memcachetest.NewPool()
	stopServers = append(stopServers, p.Stop)
	return p
})

// memcachedShell has an empty server.
func memcachedShell(t *testing.T, params ...string) *shell {
	needs(t, "memcached")
	return &shell{t: t, url: memcachedPool().Take(t, 1)[0].URL(params...)}
}

const nameless = "not all keys can be listed: 1 are stored without their names"

func TestMemcachedVerbs(t *testing.T) {
	sh := memcachedShell(t)
	sh.want("", 0, "set", "a", `{"x": [1, "ż"]}`, "--ttl", "1h")
	sh.want(`{"x": [1, "ż"]}`+"\n", 0, "get", "a")
	sh.want("", 1, "get", "b")
	sh.want("", 0, "set-many", "b=1", "c=2", "--ttl", "1h")
	sh.want(`{"c":2,"b":1,"x":null}`+"\n", 0, "get-many", "c", "b", "x")
	sh.want("", 1, "add", "a", "2")
	sh.want("3\n", 0, "incr", "b", "2")
	sh.want("-1\n", 0, "incr", "b", "-4")
	sh.want("", 0, "has", "a")
	sh.want("5\n", 0, "incr", "n", "5")
	sh.want("5\n", 0, "get", "n")
	sh.want("never\n", 0, "ttl", "n")
	sh.want("1\n", 0, "delete", "n")
	sh.wantTTL(3600, "a")
	sh.want("", 0, "touch", "a", "--ttl", "2h")
	sh.wantTTL(7200, "a")
	sh.want("a\n", 0, "keys", "a")
	sh.want(`{"key":"a","ttl":~,"bytes":~}`+"\n", 0, "keys", "a", "--json")
	sh.want("2\n", 0, "delete", "b", "c")
	sh.want("engine~memcached~\n~", 0, "ping")
	sh.want("~entries~1\n~", 0, "stats")
	sh.fails("everything in the database", "clear")
	sh.fails("the engine cannot clear a prefix, unless the URL says generations=true", "clear", "--mine")
	sh.want("", 0, "clear", "--yes") // it does not count
	sh.want("", 1, "has", "a")
}

func TestMemcachedClearMine(t *testing.T) {
	sh := memcachedShell(t, "generations=true")
	sh.want("", 0, "set", "a", "1", "--key-prefix", "x")
	sh.want("", 0, "set", "a", "1", "--key-prefix", "y")
	sh.want("~", 0, "clear", "--mine", "--key-prefix", "x")
	sh.want("", 1, "has", "a", "--key-prefix", "x")
	sh.want("", 0, "has", "a", "--key-prefix", "y")
	sh.want("a\n", 0, "keys", "--key-prefix", "y")
}

// What has no name is left out, and that is a failure: the rest is there.
func TestMemcachedKeysWithoutNames(t *testing.T) {
	sh := memcachedShell(t)
	sh.want("", 0, "set-many", "b=1", "c=2")
	sh.want("", 0, "set", "with spaces", "3")
	sh.want("3\n", 0, "get", "with spaces")
	for want, args := range map[string][]string{
		"b\nc\n": {"keys"}, `"b"~"c"~`: {"keys", "--json"}, `~"b"~"c"~`: {"export"},
	} {
		r := sh.run(args...)
		lines := strings.Split(strings.TrimSpace(r.out), "\n")
		if r.status != 2 || !strings.Contains(r.err, nameless) || len(lines) < 2 || !strings.Contains(r.out, "b") || !strings.Contains(r.out, "c") {
			t.Errorf("%q: %d %q %q; want 2 and %q", args, r.status, r.out, r.err, want)
		}
	}
	other := memcachedShell(t)
	if r := sh.run("copy", "--from", sh.url, "--to", other.url); r.status != 2 || !strings.Contains(r.err, nameless) {
		t.Errorf("copy: %+v", r)
	}
	other.want(`{"b":1,"c":2,"with spaces":null}`+"\n", 0, "get-many", "b", "c", "with spaces")
}

func TestMemcachedExportAndImport(t *testing.T) {
	sh := memcachedShell(t)
	sh.in = manyLines(500)
	sh.want("", 0, "import")
	file := filepath.Join(t.TempDir(), "all.jsonl")
	sh.want("", 0, "export", file)
	other := memcachedShell(t)
	other.want("", 0, "import", file)
	if r := other.run("keys", "key:"); r.status != 0 || strings.Count(r.out, "\n") != 500 {
		t.Errorf("%d %.200q %q", r.status, r.out, r.err)
	}
	third := redisShell(t)
	sh.want("", 0, "copy", "--from", other.url, "--to", third.url)
	if r := third.run("keys", "key:"); r.status != 0 || strings.Count(r.out, "\n") != 500 {
		t.Errorf("%d %.200q %q", r.status, r.out, r.err)
	}
}

func TestMemcachedDoctor(t *testing.T) {
	sh := memcachedShell(t)
	found := sh.findings(0, sh.url+"?timeout=500ms")
	for subject, part := range map[string]string{
		"connection": "ok memcached", "time-outs": "ok", "memory": "nothing was evicted", "item limit": "1024 KiB", "commands": "ok", "clock": "ok",
	} {
		wantFinding(t, found, subject, part)
	}
	wantFinding(t, sh.findings(1), "time-outs", "warn the URL has no timeout")
	bad := memcachetest.Start(t, memcachetest.Args("-M", "-I", "512k"))
	found = sh.findings(1, bad.URL("timeout=1s"))
	wantFinding(t, found, "memory", "warn")
	wantFinding(t, found, "item limit", "warn values above 512 KiB")
}

func TestMemcachedFailures(t *testing.T) {
	sh := memcachedShell(t)
	sh.fails("unsupported", "watch")
	sh.fails("value too large", "set", "k", `"`+strings.Repeat("x", 2<<20)+`"`)
	sh.fails("not a number", "incr", "text", "x")
	sh.want("", 0, "set", "text", `"abc"`)
	sh.fails("not a number", "incr", "text")
	sh.want("", 0, "set", "big", "9223372036854775807")
	sh.fails("out of range", "incr", "big")
	sh.fails("2038", "set", "k", "1", "--ttl", "200000h")
	for url, part := range map[string]string{
		"memcached://": "no server is named", "memcached://127.0.0.1:1": "connection refused", "memcached://a;a": "listed twice",
		"memcached://a:x": "port", "memcached://a?keys=x": "keys=x", "memcached://a?generations=maybe": "generations=maybe",
	} {
		sh.fails(part, "get", "k", "--url", url)
	}
}

func TestMemcachedKindsOfServers(t *testing.T) {
	needs(t, "memcached")
	for name, opts := range map[string][]memcachetest.Option{
		"unix": {memcachetest.UnixSocket()}, "tls": {memcachetest.TLS()}, "password": {memcachetest.Auth("ada", "s3cret")},
	} {
		sh := &shell{t: t, url: memcachetest.Start(t, opts...).URL()}
		sh.want("", 0, "set", "a", "1")
		sh.want("1\n", 0, "get", "a")
		sh.want("a\n", 0, "keys")
		if r := sh.run("ping"); strings.Contains(r.out+r.err, "s3cret") || r.status != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
