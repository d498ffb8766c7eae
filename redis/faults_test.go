package redis_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
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

// wantObeys fails unless a call ends when its context does, with its error, or before because there is no hope. A machine
// that is busy is late itself: by as much as somebody is who waits for the context and nothing else.
func wantObeys(t *testing.T, name string, s *redis.Store, call func(context.Context, *redis.Store) error, ctx context.Context, limit time.Duration) {
	t.Helper()
	began := time.Now()
	late := make(chan time.Duration, 1)
	go func() {
		<-ctx.Done()
		late <- time.Since(began) - limit
	}()
	err := call(ctx, s)
	if took := time.Since(began); took > limit+slack {
		if late := <-late; took > limit+slack+4*late {
			t.Errorf("%s took %v; its context lasted %v (%v), and the machine is %v late", name, took, limit, err, late)
		}
	}
	open, noConnection := new(breaker.OpenError), err != nil && strings.HasPrefix(err.Error(), "cannot connect to 127.0.0.1:")
	<-ctx.Done() // the call may have noticed a moment before
	if err == nil || !errors.Is(err, ctx.Err()) && !errors.As(err, &open) && !noConnection {
		t.Errorf("%s: %v; want the context's error, or that there is no hope", name, err)
	}
}

// contexts end after limit, each in a way of its own.
var contexts = map[string]func(limit time.Duration) (context.Context, context.CancelFunc){
	"deadline": func(limit time.Duration) (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), limit)
	},
	"cancelled": func(limit time.Duration) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(limit, cancel)
		return ctx, cancel
	},
	"cancelled before its deadline": func(limit time.Duration) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		time.AfterFunc(limit, cancel)
		return ctx, cancel
	},
}

// TestFrozenNetwork: nothing comes back, and calls end all the same.
func TestFrozenNetwork(t *testing.T) {
	for kind, contextOf := range contexts {
		for name, call := range verbs {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				s, p := behind(t)
				// With a deadline, and alone, rueidis waits for the answer on this goroutine, and sees the deadline only.
				first, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				if err := s.Set(first, "k", []byte("v"), 0); err != nil {
					t.Fatal(err)
				}
				p.Freeze(true)
				const limit = 100 * time.Millisecond
				for range 2 {
					ctx, cancel := contextOf(limit)
					wantObeys(t, name, s, call, ctx, limit)
					cancel()
				}
				p.Heal()
				testproc.Eventually(t, func() error { return s.Set(t.Context(), "k", []byte("v"), 0) })
			})
		}
	}
}

// TestFrozenForALargeBatch: a batch that is large ends in time, too.
func TestFrozenForALargeBatch(t *testing.T) {
	s, p := behind(t)
	items := make([]driver.Item, 5000)
	for i := range items {
		items[i] = driver.Item{Key: fmt.Sprint(i), Value: []byte("v")}
	}
	call := func(ctx context.Context, s *redis.Store) error { return s.SetMany(ctx, items, time.Minute) }
	if err := call(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	p.Freeze(true)
	const limit = 100 * time.Millisecond
	for kind, contextOf := range contexts {
		ctx, cancel := contextOf(limit)
		wantObeys(t, "SetMany, "+kind, s, call, ctx, limit)
		cancel()
	}
	p.Heal()
	testproc.Eventually(t, func() error { return call(t.Context(), s) })
}

// TestFrozenForMany: neither the queue of a connection nor the dial that somebody else has begun holds anybody up. On a machine that is
// busy, 64 callers who leave at once are late by themselves: what counts here is that nobody is late by as much as a dial takes, a
// second, and few at all. TestFrozenNetwork is strict about the callers one by one.
func TestFrozenForMany(t *testing.T) {
	s, p := behind(t)
	p.Freeze(true)
	const limit = 40 * time.Millisecond // too short to blame the server: the breaker stays closed
	var calls, late atomic.Int64
	end := time.Now().Add(5 * time.Second) // the connection is given up meanwhile, and others are tried
	patient := make(chan struct{})
	go func() { // has all the time there is: if he connects, nobody else may have to wait for that
		defer close(patient)
		for time.Now().Before(end) {
			if _, err := s.Get(context.Background(), "k"); err == nil {
				t.Error("Get through a frozen network")
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	manyAtOnce(64, func() {
		for time.Now().Before(end) {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			began := time.Now()
			_, err := s.Get(ctx, "k")
			took := time.Since(began)
			if calls.Add(1); took > limit+slack {
				late.Add(1)
			}
			if err == nil || errors.Is(err, driver.ErrMiss) || took > 500*time.Millisecond {
				t.Errorf("Get: %v after %v", err, took)
			}
			<-ctx.Done() // who is told that there is no hope does not ask all the time
			cancel()
		}
	})
	if late.Load()*50 > calls.Load() {
		t.Errorf("%d of %d calls took more than %v longer than their contexts", late.Load(), calls.Load(), slack)
	}
	<-patient
	p.Heal()
	testproc.Eventually(t, func() error { return s.Set(t.Context(), "k", []byte("v"), 0) })
}

// TestDialOfAnother: who has all the time there is connects, and nobody else waits for that.
func TestDialOfAnother(t *testing.T) {
	s, p := behind(t)
	if err := s.Set(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	p.Freeze(true)
	p.Cut()
	testproc.Eventually(t, func() error { // until rueidis has noticed, too
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := verbs["Set"](ctx, s); err == nil || !errors.Is(err, ctx.Err()) {
			return fmt.Errorf("not even trying to connect: %w", err)
		}
		return nil
	})
	before := p.Accepted()
	patient := make(chan struct{})
	go func() {
		defer close(patient)
		for range 3 { // one may find an attempt under way
			_ = verbs["Set"](context.Background(), s)
		}
	}()
	testproc.Eventually(t, func() error {
		if p.Accepted() == before {
			return errors.New("nobody connects")
		}
		return nil
	})
	const limit = 50 * time.Millisecond
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		wantObeys(t, "Set", s, verbs["Set"], ctx, limit)
		cancel()
	}
	<-patient
	p.Heal()
	testproc.Eventually(t, func() error { return s.Set(t.Context(), "k", []byte("v"), 0) })
}

// TestThaw: more calls are given up than a connection has room for, and then their answers come.
func TestThaw(t *testing.T) {
	s, p := behind(t)
	manyAtOnce(64, func() { _ = s.Set(t.Context(), "k", []byte("v"), 0) }) // from now on, calls share the connection
	accepted := p.Accepted()
	p.Freeze(true)
	for range 160 { // few at once, who are not late: the breaker stays closed
		manyAtOnce(16, func() {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(5*time.Millisecond, cancel)
			began := time.Now()
			if err := s.Set(ctx, "k", []byte("w"), 0); err == nil || time.Since(began) > time.Second {
				t.Errorf("Set through a frozen network: %v after %v", err, time.Since(began))
			}
			cancel()
		})
	}
	p.Heal()
	testproc.Eventually(t, func() error { return s.Set(t.Context(), "k", []byte("v"), 0) })
	if got, err := s.Get(t.Context(), "k"); string(got) != "v" || err != nil {
		t.Errorf("Get = %q, %v", got, err)
	}
	if n := p.Accepted(); n > accepted+1 { // the watch of leases may have missed a beat
		t.Errorf("%d connections more", n-accepted)
	}
}

func manyAtOnce(n int, fn func()) {
	var all sync.WaitGroup
	for range n {
		all.Go(fn)
	}
	all.Wait()
}

// mute listens, answers so many pings on each connection, and says nothing any more.
func mute(t *testing.T, pings int) (addr string) {
	t.Helper()
	return testproc.Listen(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		for range pings {
			_, _ = conn.Write([]byte("+PONG\r\n"))
		}
		_, _ = io.Copy(io.Discard, conn)
	})
}

// TestFrozenWhenConnecting: a server that accepts and says nothing, or stops in the middle, holds up neither a call nor Close.
func TestFrozenWhenConnecting(t *testing.T) {
	for pings := range 2 {
		options := redis.Options{Addresses: []string{mute(t, pings)}, DialTimeout: time.Minute}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := redis.Open(ctx, options); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 50*time.Millisecond+slack {
			t.Errorf("Open: %v after %v", err, time.Since(began))
		}
		options.Lazy = true
		cluster, sentinel := options, options
		cluster.Cluster, sentinel.Master = true, "m"
		for _, o := range []redis.Options{options, cluster, sentinel} {
			closeWhileConnecting(t, open(t, o))
		}
	}
}

func closeWhileConnecting(t *testing.T, s *redis.Store) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- verbs["Get"](context.Background(), s) }()
	time.Sleep(20 * time.Millisecond) // so that it is likely to be connecting
	began := time.Now()
	_ = s.Close()
	if err := <-ended; !errors.Is(err, driver.ErrClosed) || time.Since(began) > slack {
		t.Errorf("Get and Close: %v after %v", err, time.Since(began))
	}
}

// TestCloseWhenFrozen: what is under way gets ErrClosed.
func TestCloseWhenFrozen(t *testing.T) {
	s, p := behind(t)
	_ = s.Set(t.Context(), "k", []byte("v"), 0)
	p.Freeze(true)
	ended := make(chan error, 8)
	for range cap(ended) {
		go func() { ended <- verbs["Incr"](context.Background(), s) }()
	}
	time.Sleep(20 * time.Millisecond) // so that they are likely to be under way
	began := time.Now()
	_ = s.Close()
	for range cap(ended) {
		if err := <-ended; !errors.Is(err, driver.ErrClosed) {
			t.Error(err)
		}
	}
	if took := time.Since(began); took > 500*time.Millisecond {
		t.Errorf("Close took %v", took)
	}
	testproc.Eventually(t, func() error {
		p.Heal()
		if n := p.Connections(); n > 0 {
			return fmt.Errorf("%d connections are left", n)
		}
		return nil
	})
}

// TestBreaker: a server that does not answer costs some calls their time, and then nobody, until it answers.
func TestBreaker(t *testing.T) {
	s, p := behind(t)
	p.Freeze(true)
	for range breaker.Threshold {
		ctx, cancel := context.WithTimeout(t.Context(), 80*time.Millisecond)
		wantObeys(t, "Get", s, verbs["Get"], ctx, 80*time.Millisecond)
		cancel()
	}
	began := time.Now()
	_, err := s.Get(t.Context(), "k")
	open := new(breaker.OpenError)
	if !errors.As(err, &open) || time.Since(began) > slack {
		t.Errorf("after %v: %v; want the breaker open", time.Since(began), err)
	}
	p.Heal()
	testproc.Eventually(t, func() error { return s.Set(t.Context(), "k", []byte("v"), 0) })
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
