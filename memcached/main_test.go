package memcached_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached"
)

// server is for all tests that need nothing special; each begins with an empty one. Its items are larger than memcached's default,
// so that the suite's largest values fit.
var server *memcachetest.Server

func TestMain(m *testing.M) {
	for variable, run := range map[string]func(string) error{loaderVariable: wantKey, historyVariable: makeHistory} {
		task := os.Getenv(variable)
		if task == "" {
			continue
		}
		if err := run(task); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	s, stop, err := memcachetest.StartMain(memcachetest.Args("-I", "4m"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server = s
	code := m.Run()
	stop()
	os.Exit(code)
}

// emptied empties the servers and returns what is needed to open a store on them.
func emptied(t *testing.T, servers ...*memcachetest.Server) memcached.Options {
	t.Helper()
	var o memcached.Options
	for _, s := range servers {
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		o.Addresses = append(o.Addresses, s.Addr())
	}
	return o
}

func open(t *testing.T, o memcached.Options) *memcached.Store {
	t.Helper()
	s, err := memcached.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
