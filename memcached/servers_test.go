package memcached_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/larder-go/larder/internal/memcachetest"
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
