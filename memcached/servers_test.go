package memcached_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached"
)

// TestIPv6: with its address in brackets, with and without others.
func TestIPv6(t *testing.T) {
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skipf("there is no IPv6 here: %v", err)
	} else {
		_ = l.Close()
	}
	own := memcachetest.Start(t, memcachetest.IPv6())
	if !strings.HasPrefix(own.Addr(), "[::1]:") {
		t.Fatal(own.Addr())
	}
	for _, url := range []string{own.URL(), "memcached://" + own.Addr() + ";" + server.Addr()} {
		s := openURL(t, url)
		for i := range 100 {
			key := fmt.Sprint("k", i)
			if err := s.Set(t.Context(), key, []byte(key), 0); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Get(t.Context(), key); string(got) != key || err != nil {
				t.Errorf("%s: %q, %v", key, got, err)
			}
		}
	}
	if keys := own.Keys(t); len(keys) != 100 {
		t.Errorf("%d keys; want all of the first round, and nothing else of the second", len(keys))
	}
}

// TestWeights: host:port:weight places keys as weights= does, and a heavier server has more of them.
func TestWeights(t *testing.T) {
	a, b := memcachetest.Start(t), memcachetest.Start(t)
	place := func(url string) []string {
		t.Helper()
		for _, s := range []*memcachetest.Server{a, b} {
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		s := openURL(t, url)
		for i := range 400 {
			if err := s.Set(t.Context(), fmt.Sprint("key", i), nil, 0); err != nil {
				t.Fatal(err)
			}
		}
		keys := a.Keys(t)
		slices.Sort(keys)
		return keys
	}
	behind := place("memcached://" + a.Addr() + ":3;" + b.Addr() + ":1?hash=ketama_weighted")
	beside := place("memcached://" + a.Addr() + ";" + b.Addr() + "?hash=ketama_weighted&weights=3,1")
	if !slices.Equal(behind, beside) {
		t.Errorf("%d keys are on the first server with host:port:weight, %d with weights=", len(behind), len(beside))
	}
	if len(behind) < 240 || len(behind) > 360 {
		t.Errorf("%d of 400 keys are on the server that should have 300", len(behind))
	}
}

// TestOneIsDown: whoever opens, pings or looks into servers of which one is down sees the others, and hears which one that is.
func TestOneIsDown(t *testing.T) {
	up, gone := memcachetest.Start(t), memcachetest.Start(t)
	gone.Kill()
	s := openURL(t, "memcached://"+up.Addr()+";"+gone.Addr()).(*memcached.Store)
	about, err := s.Ping(t.Context())
	if err != nil || !strings.HasPrefix(about.Version, "memcached 1") {
		t.Errorf("Ping: %+v, %v", about, err)
	}
	facts, err := s.Report(t.Context())
	if err != nil || len(facts) == 0 {
		t.Errorf("Report: %v, %v", facts, err)
	}
	for _, list := range [][]driver.Fact{about.Notes, facts} {
		if said := fact(list, "down"); !strings.Contains(said, gone.Addr()) || strings.Contains(said, up.Addr()) {
			t.Errorf("down: %q", said)
		}
	}
	advice, err := s.Advise(t.Context())
	if err != nil || len(advice) < 2 || advice[0].Fine || !strings.Contains(advice[0].Text, gone.Addr()) {
		t.Errorf("Advise: %+v, %v", advice, err)
	}
	up.Kill()
	if _, err := s.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), up.Addr()) || !strings.Contains(err.Error(), gone.Addr()) {
		t.Errorf("Ping of nobody: %v", err)
	}
}

func fact(facts []driver.Fact, name string) string {
	for _, f := range facts {
		if f.Name == name {
			return fmt.Sprint(f.Value)
		}
	}
	return ""
}
