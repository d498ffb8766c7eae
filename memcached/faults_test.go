package memcached_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached"
)

// behind opens a store behind a proxy.
func behind(t *testing.T) (*memcached.Store, *faultproxy.Proxy) {
	t.Helper()
	p := faultproxy.New(t, "tcp", server.Addr())
	return open(t, memcached.Options{Addresses: []string{p.Addr()}}), p
}

// verbs are calls of every kind: one command and many, reads and writes.
var verbs = map[string]func(context.Context, *memcached.Store) error{
	"Get": func(ctx context.Context, s *memcached.Store) error { _, err := s.Get(ctx, "k"); return err },
	"Set": func(ctx context.Context, s *memcached.Store) error { return s.Set(ctx, "k", []byte("v"), 0) },
	"SetLarge": func(ctx context.Context, s *memcached.Store) error {
		return s.Set(ctx, "k", bytes.Repeat([]byte("v"), 3<<20), 0)
	},
	"Delete": func(ctx context.Context, s *memcached.Store) error { _, err := s.Delete(ctx, "k"); return err },
	"Incr":   func(ctx context.Context, s *memcached.Store) error { _, err := s.Incr(ctx, "n", 1, 0); return err },
	"GetMany": func(ctx context.Context, s *memcached.Store) error {
		_, err := s.GetMany(ctx, []string{"k", "l", "m"})
		return err
	},
	"SetMany": func(ctx context.Context, s *memcached.Store) error {
		return s.SetMany(ctx, []driver.Item{{Key: "k"}, {Key: "l"}}, 0)
	},
	"Acquire": func(ctx context.Context, s *memcached.Store) error {
		_, err := s.Acquire(ctx, []string{"new"}, time.Second)
		return err
	},
	"Ping":     func(ctx context.Context, s *memcached.Store) error { _, err := s.Ping(ctx); return err },
	"ClearAll": func(ctx context.Context, s *memcached.Store) error { _, err := s.ClearAll(ctx); return err },
	"Scan": func(ctx context.Context, s *memcached.Store) error {
		for _, err := range s.Scan(ctx, "") {
			return err
		}
		return nil
	},
}

// slack is how much longer than its context a call may take, on a machine that is busy.
const slack = 150 * time.Millisecond

// TestFrozen: nothing comes back, and calls end all the same, however their contexts do.
func TestFrozen(t *testing.T) {
	for name, call := range verbs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := behind(t)
			if err := s.Set(t.Context(), "k", []byte("v"), 0); err != nil {
				t.Fatal(err)
			}
			p.Freeze(true)
			const limit = 100 * time.Millisecond
			for _, cancelled := range []bool{false, true, false} {
				ctx, cancel := context.WithTimeout(context.Background(), limit)
				if cancelled {
					cancel()
					ctx, cancel = context.WithCancel(context.Background())
					time.AfterFunc(limit, cancel)
				}
				began := time.Now()
				late := make(chan time.Duration, 1) // by how much this machine is, with a goroutine that only waits
				go func() { <-ctx.Done(); late <- time.Since(began) - limit }()
				err := call(ctx, s)
				if took := time.Since(began); took > limit+slack {
					if late := <-late; took > limit+slack+4*late {
						t.Errorf("it took %v; its context lasted %v, and the machine is %v late", took, limit, late)
					}
				}
				if !errors.Is(err, ctx.Err()) && err != nil && !strings.Contains(err.Error(), "had no answer") {
					t.Errorf("%v; want the context's error", err)
				}
				cancel()
			}
			p.Heal()
			eventually(t, func() error { return s.Set(t.Context(), "k", []byte("v"), 0) })
		})
	}
}

// eventually fails unless fn succeeds within some seconds.
func eventually(t *testing.T, fn func() error) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := fn()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not recover: %v", err)
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}

// TestSilence: a server that does not answer is given up, also by calls without a deadline.
func TestSilence(t *testing.T) {
	p := faultproxy.New(t, "tcp", server.Addr())
	s := open(t, memcached.Options{Addresses: []string{p.Addr()}, Timeout: 200 * time.Millisecond})
	p.Freeze(true)
	began := time.Now()
	_, err := s.Get(context.Background(), "k")
	if err == nil || errors.Is(err, driver.ErrMiss) || time.Since(began) > 5*time.Second {
		t.Errorf("Get = %v after %v", err, time.Since(began))
	}
}

// TestNobodyGetsAnothersValue: connections are cut, answers are truncated and replaced by others, and whatever a call returns is what
// was stored under its key.
func TestNobodyGetsAnothersValue(t *testing.T) {
	s, p := behind(t)
	const keys = 50
	for i := range keys {
		key := fmt.Sprint("key", i)
		if err := s.Set(t.Context(), key, []byte(strings.Repeat(key+" ", i+1)), 0); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() {
			for i := g; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7+1)*3*time.Millisecond)
				j := i % keys
				key := fmt.Sprint("key", j)
				value, err := s.Get(ctx, key)
				if err == nil && string(value) != strings.Repeat(key+" ", j+1) {
					t.Errorf("%s = %q", key, value)
				}
				if errors.Is(err, driver.ErrMiss) {
					t.Errorf("%s: a fault has become a miss", key)
				}
				cancel()
			}
		})
	}
	faults := []func(){
		func() { p.Cut() }, func() { p.Reset() }, func() { p.Truncate(1) }, func() { p.Truncate(3) }, func() { p.CutAfter(100) },
		func() { p.Garbage([]byte("HD O1\r\n")) }, func() { p.Garbage([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) },
		func() { p.Garbage([]byte("VA 5 f16 Oab\r\nwrong\r\n")) }, func() { p.Garbage([]byte("VA -1\r\n")) },
		func() { p.Garbage([]byte("VA 1073741824 O1\r\n")) }, func() { p.Garbage([]byte{0x81, 0, 0, 0}) },
		func() { p.Freeze(true) }, func() { p.Garbage([]byte("SERVER_ERROR busy\r\n")) },
	}
	for round := range 4 * len(faults) {
		faults[round%len(faults)]()
		time.Sleep(10 * time.Millisecond) // of trouble
		p.Heal()
	}
	close(stop)
	all.Wait()
	eventually(t, func() error { _, err := s.Get(t.Context(), "key1"); return err })
}

// TestEndless: a server that talks without end is hung up on, and takes no memory.
func TestEndless(t *testing.T) {
	for name, pattern := range map[string]string{
		"one line": "x", "lines": "HD\r\n", "a large value": "VA 1000000000 O0\r\n", "values": "VA 3 O0\r\nabc\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := faultproxy.New(t, "tcp", server.Addr())
			s := open(t, memcached.Options{Addresses: []string{p.Addr()}, Timeout: 300 * time.Millisecond})
			p.Endless([]byte(pattern))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if _, err := s.Get(ctx, "k"); err == nil || errors.Is(err, driver.ErrMiss) {
				t.Errorf("Get = %v", err)
			}
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 256<<20 {
				t.Errorf("%d MiB", grown>>20)
			}
		})
	}
}

// TestWrongProtocol: whoever answers is told from a memcached.
func TestWrongProtocol(t *testing.T) {
	for answer, want := range map[string]string{
		"VERSION 1.5.22\r\n": "1.5.22 is too old", "-ERR unknown command\r\n": "not an answer of memcached", "HTTP/1.1 400\r\n": "not an answer",
		"": "", // it never answers
	} {
		p := faultproxy.New(t, "tcp", server.Addr())
		if answer == "" {
			p.Freeze(true)
		} else {
			p.Endless([]byte(answer))
		}
		began := time.Now()
		_, err := memcached.Open(t.Context(), memcached.Options{Addresses: []string{p.Addr()}, DialTimeout: 300 * time.Millisecond})
		if err == nil || !strings.Contains(err.Error(), want) || time.Since(began) > 5*time.Second {
			t.Errorf("%q: %v after %v; want %q", answer, err, time.Since(began), want)
		}
	}
}

// TestRestart: a server that is killed and started again is found again, and what was a version or a lease before is none after.
func TestRestart(t *testing.T) {
	own := memcachetest.Start(t)
	s := open(t, memcached.Options{Addresses: []string{own.Addr()}})
	ctx := t.Context()
	if err := s.Set(ctx, "k", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	_, v, err := s.GetVersion(ctx, "k")
	if err != nil {
		t.Fatal(err)
	}
	grants, err := s.Acquire(ctx, []string{"l"}, 5*time.Second)
	if err != nil || grants[0].Lease == "" {
		t.Fatal(grants, err)
	}
	time.Sleep(2100 * time.Millisecond) // a server is told from its successor by when it was started, in seconds
	own.Restart(t)
	eventually(t, func() error { _, err := s.GetMany(ctx, []string{"k"}); return err })
	if err := s.Set(ctx, "k", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.Swap(ctx, "k", v, []byte("2"), 0); ok || err != nil {
		t.Errorf("Swap of a version from before = %v, %v", ok, err)
	}
	filled, err := s.Fill(ctx, []driver.Filling{{Key: "l", Lease: grants[0].Lease, Value: []byte("2")}}, 0)
	if err != nil || filled[0] {
		t.Errorf("Fill under a lease from before = %v, %v", filled, err)
	}
}

// TestIdleAndRestarted: the connection was lost while nobody looked. Nothing fails.
func TestIdleAndRestarted(t *testing.T) {
	own := memcachetest.Start(t)
	s := open(t, memcached.Options{Addresses: []string{own.Addr()}})
	for range 3 {
		if err := s.Set(t.Context(), "k", []byte("1"), 0); err != nil {
			t.Error(err)
		}
		time.Sleep(50 * time.Millisecond) // longer than a connection is left alone
		own.Restart(t)
	}
}

// TestOneOfThreeIsDown: its keys fail, the others' are fine, and when it is back so are its keys.
func TestOneOfThreeIsDown(t *testing.T) {
	servers := []*memcachetest.Server{memcachetest.Start(t), memcachetest.Start(t), memcachetest.Start(t)}
	o := emptied(t, servers...)
	s := open(t, o)
	o.OnDown = memcached.MissOnDown
	lenient := open(t, o)
	keys := make([]string, 100)
	items := make([]driver.Item, len(keys))
	for i := range keys {
		keys[i] = fmt.Sprint("key", i)
		items[i] = driver.Item{Key: keys[i], Value: []byte(keys[i])}
	}
	if err := s.SetMany(t.Context(), items, 0); err != nil {
		t.Fatal(err)
	}
	servers[1].Kill()
	count := func(s *memcached.Store) (there, failed, missing int) {
		results, err := s.GetMany(t.Context(), keys)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			switch {
			case errors.Is(r.Err, driver.ErrMiss):
				missing++
			case r.Err != nil:
				failed++
				if !strings.Contains(r.Err.Error(), servers[1].Addr()) {
					t.Errorf("%v does not name the server", r.Err)
				}
			case string(r.Value) != keys[i]:
				t.Errorf("%s = %q", keys[i], r.Value)
			default:
				there++
			}
		}
		return there, failed, missing
	}
	if there, failed, missing := count(s); failed < 10 || there < 30 || missing != 0 {
		t.Errorf("%d there, %d failed, %d missing", there, failed, missing)
	}
	if there, failed, missing := count(lenient); missing < 10 || there < 30 || failed != 0 {
		t.Errorf("on_down=miss: %d there, %d failed, %d missing", there, failed, missing)
	}
	var failures driver.KeyErrors
	if err := s.SetMany(t.Context(), items, 0); !errors.As(err, &failures) || len(failures) < 10 || len(failures) > 70 {
		t.Errorf("SetMany: %v", err)
	}
	servers[1].Restart(t)
	eventually(t, func() error { return s.SetMany(t.Context(), items, 0) })
	if there, _, _ := count(s); there != len(keys) {
		t.Errorf("%d there after it is back", there)
	}
}

// TestFrozenNeighbour: who has nothing to do with a server that hangs does not wait for it.
func TestFrozenNeighbour(t *testing.T) {
	servers := []*memcachetest.Server{memcachetest.Start(t), memcachetest.Start(t)}
	s := open(t, emptied(t, servers...))
	perServer := map[string]string{}
	for i := 0; len(perServer) < 2; i++ {
		key := fmt.Sprint("key", i)
		if err := s.Set(t.Context(), key, []byte("v"), 0); err != nil {
			t.Fatal(err)
		}
		for _, own := range servers {
			if _, _, there := own.Value(t, key); there {
				perServer[own.Addr()] = key
			}
		}
	}
	servers[1].Freeze(t)
	defer servers[1].Thaw(t)
	for range 8 {
		go func() { _, _ = s.Get(t.Context(), perServer[servers[1].Addr()]) }()
	}
	// A store that has nothing to do with that server says what a Get costs on this machine now.
	alone := open(t, memcached.Options{Addresses: []string{servers[0].Addr()}})
	var beside, by [2000]time.Duration
	for i := range beside {
		beside[i] = getTime(t, s, perServer[servers[0].Addr()])
		by[i] = getTime(t, alone, perServer[servers[0].Addr()])
	}
	slices.Sort(beside[:])
	slices.Sort(by[:])
	for _, at := range []int{len(by) / 2, len(by) * 95 / 100} {
		if beside[at] > 2*by[at]+time.Millisecond {
			t.Errorf("of %d Gets, number %d takes %v, and %v where no server is frozen", len(by), at, beside[at], by[at])
		}
	}
}

func getTime(t *testing.T, s *memcached.Store, key string) time.Duration {
	t.Helper()
	began := time.Now()
	if _, err := s.Get(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

// TestKinds: a unix socket, TLS, a password.
func TestKinds(t *testing.T) {
	for name, opts := range map[string][]memcachetest.Option{
		"unix": {memcachetest.UnixSocket()}, "tls": {memcachetest.TLS()}, "password": {memcachetest.Auth("ada", "secret")},
	} {
		t.Run(name, func(t *testing.T) {
			own := memcachetest.Start(t, opts...)
			s := openURL(t, own.URL())
			for i := range 200 {
				key, value := fmt.Sprint("k", i), bytes.Repeat([]byte("v"), i*1000)
				if err := s.Set(t.Context(), key, value, time.Minute); err != nil {
					t.Fatal(err)
				}
				if got, err := s.Get(t.Context(), key); err != nil || !bytes.Equal(got, value) {
					t.Fatalf("%d bytes: %d, %v", len(value), len(got), err)
				}
			}
		})
	}
	own := memcachetest.Start(t, memcachetest.Auth("ada", "secret"))
	for _, url := range []string{"memcached://" + own.Addr(), "memcached://ada:wrong@" + own.Addr()} {
		_, err := tryURL(t, url)
		if err == nil || !strings.Contains(err.Error(), "refuses the log-in") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func tryURL(t *testing.T, raw string) (driver.Store, error) {
	t.Helper()
	u, err := driver.ParseURL(raw)
	if err != nil {
		return nil, err
	}
	e, err := driver.Lookup(u.Scheme)
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.OpenURL(t.Context(), u, nil, false, nil)
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func openURL(t *testing.T, raw string) driver.Store {
	t.Helper()
	s, err := tryURL(t, raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestNoLeaks: after all kinds of ends, nothing is left.
func TestNoLeaks(t *testing.T) {
	before := goleak.IgnoreCurrent()
	func() {
		p := faultproxy.New(t, "tcp", server.Addr())
		for range 5 {
			s, err := memcached.Open(t.Context(), memcached.Options{Addresses: []string{p.Addr()}})
			if err != nil {
				t.Fatal(err)
			}
			_ = verbs["Set"](t.Context(), s)
			p.Cut()
			_ = verbs["Get"](t.Context(), s)
			p.Freeze(true)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			_ = verbs["Get"](ctx, s)
			cancel()
			_ = s.Close()
			p.Heal()
		}
		p.Cut()
	}()
	eventually(t, func() error {
		return goleak.Find(before, goleak.IgnoreAnyFunction("github.com/larder-go/larder/internal/faultproxy.(*Proxy).accept"),
			goleak.IgnoreAnyFunction("github.com/larder-go/larder/internal/faultproxy.(*link).read"),
			goleak.IgnoreAnyFunction("github.com/larder-go/larder/internal/faultproxy.(*link).run"),
			goleak.IgnoreAnyFunction("github.com/larder-go/larder/internal/faultproxy.(*link).pump"))
	})
}

// TestReadsAreRepeated: a connection that is lost costs a read nothing.
func TestReadsAreRepeated(t *testing.T) {
	s, p := behind(t)
	for range 20 {
		if err := s.Set(t.Context(), "k", []byte("v"), 0); err != nil {
			t.Fatal(err)
		}
		p.Cut()
		if got, err := s.Get(t.Context(), "k"); string(got) != "v" || err != nil {
			t.Fatalf("Get = %q, %v", got, err)
		}
	}
}
