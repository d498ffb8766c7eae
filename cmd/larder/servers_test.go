package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/larder-go/larder/internal/redistest"
)

// redisServer is started for the first test that needs it, and ended by TestMain.
var redisServer = sync.OnceValues(func() (*redistest.Server, error) {
	s, stop, err := redistest.StartMain()
	if err == nil {
		stopServers = append(stopServers, stop)
	}
	return s, err
})

var stopServers []func()

// redisShell has an empty database of a server.
func redisShell(t *testing.T) *shell {
	t.Helper()
	needs(t, "redis-server")
	s, err := redisServer()
	if err != nil {
		t.Fatal(err)
	}
	return &shell{t: t, url: s.URL(s.FreshDB())}
}

// server returns what a redisShell works on.
func (sh *shell) server() (s *redistest.Server, db int) {
	sh.t.Helper()
	s, err := redisServer()
	if err == nil {
		db, err = strconv.Atoi(sh.url[strings.LastIndex(sh.url, "/")+1:])
	}
	if err != nil {
		sh.t.Fatal(err)
	}
	return s, db
}

// Every form of URL leads to the same commands.
func TestEveryKindOfServer(t *testing.T) {
	needs(t, "redis-server")
	for name, url := range map[string]func(t *testing.T) string{
		"unix": func(t *testing.T) string { return redistest.Start(t, redistest.UnixSocket()).URL(1) },
		"tls": func(t *testing.T) string {
			return redistest.Start(t, redistest.TLS(true), redistest.Password("p@ss")).URL(1)
		},
		"cluster":  func(t *testing.T) string { return redistest.StartCluster(t, 3, 0).URL() },
		"sentinel": func(t *testing.T) string { return redistest.StartSentinel(t, redistest.Password("pass")).URL(0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sh := &shell{t: t, url: url(t)}
			sh.want("", 0, "set-many", "a=1", "b=2", "c=3", "--ttl", "1h")
			sh.want(`{"c":3,"a":1,"x":null}`+"\n", 0, "get-many", "c", "a", "x")
			sh.want("3\n", 0, "incr", "a", "2")
			sh.in = manyLines(500)
			sh.want("", 0, "import")
			if r := sh.run("keys", "key:"); r.status != 0 || strings.Count(r.out, "\n") != 500 {
				t.Errorf("%d %.200q %q", r.status, r.out, r.err)
			}
			sh.want("2\n", 0, "delete", "b", "c")
			sh.want("501\n", 0, "clear", "--mine")
			sh.want("engine~redis\n~", 0, "ping")
			sh.findings(1)
		})
	}
}

// While a program loads, its right to store the result is no key of anybody's.
func TestLeasesAreNotEntries(t *testing.T) {
	needs(t, "sh")
	sh := redisShell(t)
	dir := t.TempDir()
	began, goOn := filepath.Join(dir, "began"), filepath.Join(dir, "go")
	loaded := make(chan result, 1)
	go func() {
		loaded <- sh.run("get-or-set", "k", "--", "sh", "-c", "echo >"+began+"; while [ ! -e "+goOn+" ]; do sleep 0.01; done; echo 7")
	}()
	waitFor(t, began)
	s, db := sh.server()
	if left, err := s.DB(db).Do("KEYS", "*"); err != nil || left != "larder:lease:k:{::k}" {
		t.Errorf("the server has %q, %v", left, err)
	}
	for _, args := range [][]string{{"keys", "--all"}, {"keys", "--all", "--json"}, {"export"}, {"export", "--url", sh.url + "?layout=bare"}} {
		sh.want("", 0, args...)
	}
	other := redisShell(t)
	sh.want("", 0, "copy", "--from", sh.url+"?layout=bare", "--to", other.url+"?layout=bare")
	other.want("", 0, "keys", "--all")
	if err := os.WriteFile(goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := <-loaded; r.out != "7\n" || r.status != 0 {
		t.Errorf("%+v", r)
	}
}

// What another program keeps in lists and hashes does not keep the rest from being exported.
func TestForeignTypesAreLeftOut(t *testing.T) {
	sh := redisShell(t)
	sh.want("", 0, "set", "a", "1")
	s, db := sh.server()
	for i := range 12 {
		if _, err := s.DB(db).Do("LPUSH", "::list"+strconv.Itoa(i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	sh.fails("the key holds another type of Redis", "get", "list1")
	sh.want("~13~", 0, "stats")
	other := redisShell(t)
	for command, args := range map[string][]string{"export": {"export"}, "copy": {"copy", "--from", sh.url, "--to", other.url}} {
		r := sh.run(args...)
		if r.status != 2 || strings.Count(r.err, ": left out: codec: the key holds another type of Redis than a string\n") != 10 ||
			!strings.HasPrefix(r.err, "larder: "+command+` "list`) || !strings.Contains(r.err, "larder: "+command+": left out: 12, ") {
			t.Errorf("%s: %d %q %q", command, r.status, r.out, r.err)
		}
	}
	other.want("a\n", 0, "keys")
}
