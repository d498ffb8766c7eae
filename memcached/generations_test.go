package memcached_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached"
)

func openGenerations(t *testing.T, servers ...*memcachetest.Server) *memcached.Store {
	t.Helper()
	o := memcached.Options{Generations: true}
	for _, s := range servers {
		o.Addresses = append(o.Addresses, s.Addr())
	}
	return open(t, o)
}

// TestNothingIsCountedTwice: a counter outside the prefix that is cleared all the time loses nothing and gains nothing.
func TestNothingIsCountedTwice(t *testing.T) {
	if err := server.Flush(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var clearing, counting sync.WaitGroup
	s := openGenerations(t, server)
	clearing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := s.Clear(t.Context(), "a:"); err != nil {
				t.Error(err)
				return
			}
		}
	})
	var sum, failed atomic.Int64
	for range 4 {
		s := openGenerations(t, server)
		counting.Go(func() {
			for range 500 {
				if _, err := s.Incr(t.Context(), "n", 1, 0); err != nil {
					failed.Add(1)
				} else {
					sum.Add(1)
				}
			}
		})
	}
	counting.Wait()
	close(stop)
	clearing.Wait()
	got, err := s.Incr(t.Context(), "n", 0, 0)
	if err != nil || got != sum.Load() || failed.Load() > 0 {
		t.Errorf("%d, %v after %d counts; %d failed", got, err, sum.Load(), failed.Load())
	}
}

// TestLostGenerations: a server that forgets its list has forgotten the keys, whatever comes after.
func TestLostGenerations(t *testing.T) {
	s := openGenerations(t, emptiedServer(t))
	ctx := t.Context()
	for name, lose := range map[string]func(){
		"evicted":     func() { server.MustAsk(t, "delete larder:generations") },
		"overwritten": func() { server.MustAsk(t, "set larder:generations 0 0 3\r\nfoo") },
	} {
		for _, clearAfter := range []bool{false, true} {
			if err := s.Set(ctx, "a:k", []byte("old"), 0); err != nil {
				t.Fatal(err)
			}
			lose()
			if clearAfter {
				if _, err := s.Clear(ctx, "b:"); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				if got, err := s.Get(ctx, "a:k"); !errors.Is(err, driver.ErrMiss) {
					t.Fatalf("%s: Get = %q, %v", name, got, err)
				}
			}
			if added, err := s.Add(ctx, "a:k", []byte("new"), 0); !added || err != nil {
				t.Errorf("%s: Add = %t, %v", name, added, err)
			}
		}
	}
}

func emptiedServer(t *testing.T) *memcachetest.Server {
	t.Helper()
	if err := server.Flush(); err != nil {
		t.Fatal(err)
	}
	return server
}

// TestGenerationsAfterARestart: the list of another life of the server has the CAS of the one before, and is not taken for it.
func TestGenerationsAfterARestart(t *testing.T) {
	own := memcachetest.Start(t)
	a, b := openGenerations(t, own), openGenerations(t, own)
	ctx := t.Context()
	if err := a.Set(ctx, "k", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	own.Restart(t)
	eventually(t, func() error { return b.Set(ctx, "k", []byte("2"), 0) })
	eventually(t, func() error { _, err := a.GetMany(ctx, []string{"k"}); return err })
	if got, err := a.Get(ctx, "k"); string(got) != "2" || err != nil {
		t.Errorf("Get = %q, %v; want what the other has set", got, err)
	}
}

// TestNamesOfGenerations: keys up to 226 bytes are in their names, and no other program's reader finds them by themselves.
func TestNamesOfGenerations(t *testing.T) {
	s := openGenerations(t, emptiedServer(t))
	short, long := strings.Repeat("k", 226), strings.Repeat("k", 227)
	for _, key := range []string{short, long, "a b"} {
		if err := s.Set(t.Context(), key, []byte(key), 0); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(t.Context(), key); string(got) != key || err != nil {
			t.Errorf("%q: %q, %v", key, got, err)
		}
	}
	if _, _, there := server.Value(t, short); there {
		t.Error("it is there under its own name")
	}
	var keys []string
	nameless := new(driver.Nameless)
	walk := func() {
		keys, *nameless = nil, driver.Nameless{}
		for key, err := range s.Scan(t.Context(), "") {
			if err != nil && !errors.As(err, &nameless) {
				t.Fatal(err)
			}
			if err == nil {
				keys = append(keys, key)
			}
		}
	}
	if walk(); !slices.Equal(keys, []string{short}) || nameless.Count != 2 {
		t.Errorf("%q and %d", keys, nameless.Count)
	}
	for _, prefix := range []string{"k", "a"} {
		if _, err := s.Clear(t.Context(), prefix); err != nil {
			t.Fatal(err)
		}
	}
	if walk(); len(keys) != 0 {
		t.Errorf("after the Clear: %q and %d", keys, nameless.Count)
	}
}

// TestTooManyPrefixes: a list that is full is an error, and what was cleared stays cleared.
func TestTooManyPrefixes(t *testing.T) {
	s := openGenerations(t, emptiedServer(t))
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		_, err = s.Clear(t.Context(), fmt.Sprintf("%050d%s", n, strings.Repeat(" ", 5000)))
	}
	if err == nil || !strings.Contains(err.Error(), "too many different prefixes") || n < 10 {
		t.Errorf("after %d: %v", n, err)
	}
	if _, err := s.ClearAll(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Clear(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

// TestClearOfAView: from the top, on three servers, and with one of them down.
func TestClearOfAView(t *testing.T) {
	servers := []*memcachetest.Server{memcachetest.Start(t), memcachetest.Start(t), memcachetest.Start(t)}
	ctx := t.Context()
	c, err := larder.New(openGenerations(t, servers...))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	a, ab := larder.Of[int](c, "a:"), larder.Of[int](c, "ab:")
	values := map[string]int{}
	for i := range 100 {
		values[fmt.Sprint(i)] = i
	}
	if err := errors.Join(a.SetMany(ctx, values), ab.SetMany(ctx, values)); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Clear(ctx); n != -1 || err != nil {
		t.Errorf("Clear = %d, %v", n, err)
	}
	keys := slices.Collect(maps.Keys(values))
	if got, err := a.GetMany(ctx, keys); len(got) != 0 || err != nil {
		t.Errorf("%d are left, %v", len(got), err)
	}
	if got, err := ab.GetMany(ctx, keys); len(got) != 100 || err != nil {
		t.Errorf("%d of the other view are left, %v", len(got), err)
	}
	servers[2].Kill()
	if _, err := ab.Clear(ctx); err == nil || !strings.Contains(err.Error(), servers[2].Addr()) {
		t.Errorf("Clear with a server down: %v", err)
	}
	if got, err := ab.GetMany(ctx, keys); len(got) != 0 || err == nil {
		t.Errorf("%d of the servers that are up are left, %v", len(got), err)
	}
}

func TestBadGenerations(t *testing.T) {
	if _, err := tryURL(t, server.URL("generations=true", "keys=verbatim")); err == nil || !strings.Contains(err.Error(), "keys=verbatim") {
		t.Error(err)
	}
	s := openURL(t, server.URL())
	if _, err := s.(driver.Clearer).Clear(t.Context(), "a:"); !errors.Is(err, driver.ErrNoPrefix) {
		t.Error(err)
	}
}
