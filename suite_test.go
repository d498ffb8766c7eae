package larder_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/larder-go/larder"
	_ "github.com/larder-go/larder/sqlite"
)

// setting is one way to open a cache and to look at it.
type setting struct {
	name   string
	url    func(t *testing.T) string // has a ?, so that parameters can follow
	params []string
	prefix string // of the view
}

func fixed(url string) func(*testing.T) string { return func(*testing.T) string { return url } }

// named is a memory store of a name that no other test has.
func named(t *testing.T) string {
	return "memory://" + strings.NewReplacer("/", ".", "=", "-", "?", "-", ":", "-").Replace(t.Name()) + "?"
}

func sqliteFile(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "cache.db") + "?" }

// settings crosses engines and codecs with the ways to make keys.
func settings() []setting {
	engines := []setting{
		{name: "memory", url: fixed("memory://?")},
		{name: "named", url: named},
		{name: "isolated", url: fixed("memory://?isolate=true&")},
		{name: "max_bytes", url: fixed("memory://?max_bytes=64mb&")},
		{name: "memory+zstd", url: fixed("memory://?codec=json+zstd&")},
		{name: "sqlite", url: sqliteFile},
		{name: "sqlite+zstd", url: func(t *testing.T) string { return sqliteFile(t) + "codec=json%2bzstd&" }},
	}
	forms := []setting{
		{name: "plain"},
		{name: "key_prefix", params: []string{"key_prefix=shop"}},
		{name: "version", params: []string{"version=7"}},
		{name: "both", params: []string{"key_prefix=a:b", "version=v1"}, prefix: "user:"},
		{name: "bare", params: []string{"layout=bare"}},
		{name: "view", prefix: "user:"},
		{name: "bareview", params: []string{"layout=bare"}, prefix: "\x00 ünï:"},
	}
	var all []setting
	for _, e := range engines {
		for _, f := range forms {
			all = append(all, setting{name: e.name + "/" + f.name, url: e.url, params: f.params, prefix: f.prefix})
		}
	}
	return all
}

func (s setting) open(t *testing.T, params ...string) *larder.Cache {
	t.Helper()
	return openCache(t, strings.TrimRight(s.url(t)+strings.Join(append(s.params, params...), "&"), "?&"))
}

// env is one empty cache to test on.
type env struct {
	*testing.T
	setting
	c *larder.Cache
}

// crossed runs a test in every setting, on an empty cache each.
func crossed(t *testing.T, run func(env)) {
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) { run(env{t, s, s.open(t)}) })
	}
}

// bare tells whether keys are left as they are.
func (e env) bare() bool { return strings.Contains(fmt.Sprint(e.params), "bare") }

func of[V any](e env) *larder.View[V] { return larder.Of[V](e.c, e.prefix) }
