package redis_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/breaker"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/redis"
)

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
