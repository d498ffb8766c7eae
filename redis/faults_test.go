package redis_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/breaker"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/redis"
)

// slack is how much longer than its context a call may take, and some more for a machine that is busy.
const slack = 50*time.Millisecond + clockSlack

// behind opens a store behind a proxy.
func behind(t *testing.T) (*redis.Store, *faultproxy.Proxy) {
	t.Helper()
	p := faultproxy.New(t, "tcp", server.Addr())
	return open(t, redis.Options{Addresses: []string{p.Addr()}, DB: server.FreshDB()}), p
}

// verbs are calls of each kind.
var verbs = map[string]func(context.Context, *redis.Store) error{
	"Get":    func(ctx context.Context, s *redis.Store) error { _, err := s.Get(ctx, "k"); return err },
	"Set":    func(ctx context.Context, s *redis.Store) error { return s.Set(ctx, "k", []byte("v"), 0) },
	"Delete": func(ctx context.Context, s *redis.Store) error { _, err := s.Delete(ctx, "k"); return err },
	"Add":    func(ctx context.Context, s *redis.Store) error { _, err := s.Add(ctx, "k", []byte("v"), 0); return err },
	"Incr":   func(ctx context.Context, s *redis.Store) error { _, err := s.Incr(ctx, "n", 1, 0); return err },
	"GetMany": func(ctx context.Context, s *redis.Store) error {
		_, err := s.GetMany(ctx, []string{"k", "l"})
		return err
	},
	"SetMany": func(ctx context.Context, s *redis.Store) error {
		return s.SetMany(ctx, []driver.Item{{Key: "k", Value: []byte("v")}}, time.Minute)
	},
	"Clear": func(ctx context.Context, s *redis.Store) error { _, err := s.Clear(ctx, "k"); return err },
	"Ping":  func(ctx context.Context, s *redis.Store) error { _, err := s.Ping(ctx); return err },
}

func manyAtOnce(n int, fn func()) {
	var all sync.WaitGroup
	for range n {
		all.Go(fn)
	}
	all.Wait()
}

// TestBrokenConnections: whatever happens to a connection, its calls end with an error that is no miss, nothing that writes is sent
// twice, and the next ones work.
func TestBrokenConnections(t *testing.T) {
	for name, fault := range map[string]func(*faultproxy.Proxy){
		"cut":                 func(p *faultproxy.Proxy) { p.Cut() },
		"reset":               func(p *faultproxy.Proxy) { p.Reset() },
		"cut in a reply":      func(p *faultproxy.Proxy) { p.CutAfter(3) },
		"half closed, theirs": func(p *faultproxy.Proxy) { p.HalfClose(faultproxy.Replies) },
		"half closed, ours":   func(p *faultproxy.Proxy) { p.HalfClose(faultproxy.Requests) },
		"truncated":           func(p *faultproxy.Proxy) { p.Truncate(1) },
		"garbage":             func(p *faultproxy.Proxy) { p.Garbage([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) },
		"too many":            func(p *faultproxy.Proxy) { p.Garbage([]byte("$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n")) },
		"a length below zero": func(p *faultproxy.Proxy) { p.Garbage([]byte("$-7\r\n")) },
		"a huge list":         func(p *faultproxy.Proxy) { p.Garbage([]byte("*2000000000\r\n")) },
		"another answer":      func(p *faultproxy.Proxy) { p.Garbage([]byte("*2\r\n:1\r\n:2\r\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := behind(t)
			raw := faultless(t, s)
			const times = 20
			acknowledged, last := int64(0), int64(0)
			for range times {
				fault(p)
				if n, err := s.Incr(t.Context(), "n", 1, 0); err == nil {
					if n <= last {
						t.Fatalf("Incr = %d after %d", n, last)
					}
					acknowledged, last = acknowledged+1, n
				}
				p.Heal()
				if _, err := s.Get(t.Context(), "absent"); err == nil {
					t.Fatal("an absent key has a value")
				}
			}
			testproc.Eventually(t, func() error { _, err := s.Incr(t.Context(), "n", 0, 0); return err })
			if n, err := s.Incr(t.Context(), "n", 0, 0); err != nil || n < acknowledged || n > times {
				t.Errorf("%d Incr, %d of them acknowledged, made it %d, %v", times, acknowledged, n, err)
			}
			raw()
		})
	}
}

// faultless returns a check that the store works as if nothing had happened.
func faultless(t *testing.T, s *redis.Store) func() {
	return func() {
		t.Helper()
		want := bytes.Repeat([]byte("0123456789"), 20000)
		testproc.Eventually(t, func() error { return s.Set(t.Context(), "large", want, 0) })
		if got, err := s.Get(t.Context(), "large"); err != nil || !bytes.Equal(got, want) {
			t.Errorf("Get: %d bytes, %v", len(got), err)
		}
		if _, err := s.Get(t.Context(), "absent"); !errors.Is(err, driver.ErrMiss) {
			t.Errorf("Get of an absent key: %v", err)
		}
	}
}

// TestEndlessReply: memory stays bounded.
func TestEndlessReply(t *testing.T) {
	for name, pattern := range map[string]string{
		"a line":  "aaaaaaaaaaaaaaaaaaaaaaaa",
		"answers": "+OK\r\n",
		"lists":   "*1\r\n",
		"long":    "*1000000\r\n",
		"news":    ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s, p := behind(t)
			_ = s.Set(t.Context(), "k", []byte("v"), 0)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p.Endless([]byte(pattern))
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := s.Get(ctx, "k")
			runtime.ReadMemStats(&after)
			if name != "news" && err == nil {
				t.Error("no error")
			}
			if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 200<<20 {
				t.Errorf("the heap has grown by %d MiB", grown>>20)
			}
			p.Heal()
			p.Cut()
			faultless(t, s)()
		})
	}
}

// TestDeadServer: a refused connection is no miss, and names no password.
func TestDeadServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	s := open(t, redis.Options{Addresses: []string{l.Addr().String()}, User: "u", Password: "secret", Lazy: true})
	for range 2 * breaker.Threshold {
		began := time.Now()
		_, err := s.Get(t.Context(), "k")
		if err == nil || errors.Is(err, driver.ErrMiss) || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "secret") {
			t.Errorf("Get: %v", err)
		}
		if took := time.Since(began); took > slack {
			t.Errorf("Get took %v", took)
		}
	}
}

// TestNothingIsLeft: neither goroutines nor connections, whatever was going on.
func TestNothingIsLeft(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { // after the proxy's own
		if err := goleak.Find(ignore); err != nil {
			t.Error(err)
		}
	})
	p := faultproxy.New(t, "tcp", server.Addr())
	for i := range 20 {
		s, err := redis.Open(t.Context(), redis.Options{Addresses: []string{p.Addr()}})
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range verbs {
			go func() { _ = call(t.Context(), s) }()
		}
		if i%2 == 0 {
			p.Reset()
		}
		_ = s.Close()
		wantEnded(t)
	}
	testproc.Eventually(t, func() error {
		if n := p.Connections(); n > 0 {
			return fmt.Errorf("%d connections are left", n)
		}
		return nil
	})
}

// wantEnded fails if a goroutine of a store outlives its Close. goleak gives them some time.
func wantEnded(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, own := range []string{"redis.", "redis/internal/conn."} {
		if _, after, found := strings.Cut(string(stacks), "created by github.com/larder-go/larder/"+own); found {
			t.Errorf("a goroutine goes on after Close: %.100s", after)
		}
	}
}
