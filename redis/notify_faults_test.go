package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/redis"
)

// direct opens a store that has no proxy, on the same data as behind's last one.
func direct(t *testing.T, s *redistest.Server, db int) *redis.Store {
	t.Helper()
	return open(t, redis.Options{Addresses: []string{s.Addr()}, DB: db})
}

// TestLostConnection: who has subscribed is told that something may be missing, once he would hear again.
func TestLostConnection(t *testing.T) {
	faults := map[string]func(*faultproxy.Proxy){
		"Cut":   (*faultproxy.Proxy).Cut,
		"Reset": (*faultproxy.Proxy).Reset,
		"Half":  func(p *faultproxy.Proxy) { p.HalfClose(faultproxy.Replies) },
	}
	for name, fault := range faults {
		for protocol, options := range map[string][]redistest.Option{"RESP3": nil, "RESP2": {withoutRESP3()}} {
			t.Run(name+"/"+protocol, func(t *testing.T) {
				s := redistest.Start(t, options...)
				p := faultproxy.New(t, "tcp", s.Addr())
				store, writer := open(t, redis.Options{Addresses: []string{p.Addr()}}), direct(t, s, 0)
				a, b := subscribe(t, store, "k"), subscribe(t, store, "k", "l")
				set(t, writer, "k", "1")
				a.await("1")
				p.Refuse(true)
				fault(p)
				set(t, writer, "k", "missed")
				p.Refuse(false)
				for _, h := range []*subscriber{a, b} {
					h.await(lost)
				}
				set(t, writer, "k", "2")
				set(t, writer, "l", "3")
				a.await("2")
				b.await("2")
				b.await("3")
				if _, losses := a.count(); losses != 1 {
					t.Error("one loss is told twice")
				}
			})
		}
	}
}

// TestSubscribeAfterALoss: a connection that has to be made first is waited for.
func TestSubscribeAfterALoss(t *testing.T) {
	p := faultproxy.New(t, "tcp", server.Addr())
	store := open(t, redis.Options{Addresses: []string{p.Addr()}})
	for range 10 {
		p.Cut()
		sub, err := store.Subscribe(t.Context(), []string{"k"}, func(driver.Message) {})
		if err != nil {
			t.Fatal(err)
		}
		sub.Stop()
	}
}

// TestLostServer: it comes back empty, and knows no scripts and no subscribers.
func TestLostServer(t *testing.T) {
	s := redistest.Start(t)
	store := open(t, at(s))
	h := subscribe(t, store, "k")
	for range 3 {
		s.Kill()
		s.Restart(t)
		h.await(lost)
		set(t, store, "k", "after")
		h.await("after")
	}
}

// TestFrozenSubscription: a network that drops everything is noticed although nobody asks anything.
func TestFrozenSubscription(t *testing.T) {
	p := faultproxy.New(t, "tcp", server.Addr())
	store := open(t, redis.Options{Addresses: []string{p.Addr()}, Timeout: 300 * time.Millisecond})
	h := subscribe(t, store, "frozen")
	p.Freeze(true)
	time.Sleep(3 * time.Second) // the fault itself: longer than two looks at an idle connection, a second apart, and Timeout
	p.Freeze(false)
	h.await(lost)
	server.MustDo(t, "PUBLISH", "frozen", "1")
	h.await("1")
}

// TestSubscribeEnds: with its context when nobody answers, with an error when there is nobody; and then nothing is left of it.
func TestSubscribeEnds(t *testing.T) {
	p := faultproxy.New(t, "tcp", server.Addr())
	store := open(t, redis.Options{Addresses: []string{p.Addr()}})
	p.Freeze(true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	wantObeys(t, "Subscribe", store, func(ctx context.Context, s *redis.Store) error {
		_, err := s.Subscribe(ctx, []string{"k"}, func(driver.Message) {})
		return err
	}, ctx, 100*time.Millisecond)
	p.Heal()
	h := subscribe(t, store, "k")
	server.MustDo(t, "PUBLISH", "k", "1")
	h.await("1")
	p.Freeze(true)
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := h.sub.Add(ctx, "given up"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Add: %v", err)
	}
	p.Heal()
	if err := h.sub.Add(t.Context(), "after"); err != nil {
		t.Error(err)
	}
	before := h.total
	server.MustDo(t, "PUBLISH", "given up", "1")
	server.MustDo(t, "PUBLISH", "after", "2")
	h.await("2")
	if h.total != before+1 {
		t.Error("a key is told of that Add has given up")
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	nobody := open(t, redis.Options{Addresses: []string{l.Addr().String()}, Lazy: true})
	if _, err := nobody.Subscribe(t.Context(), []string{"k"}, func(driver.Message) {}); err == nil {
		t.Error("Subscribe where nobody is: no error")
	}
	p.Refuse(true)
	p.Cut()
	if err := h.sub.Add(t.Context(), "l"); err == nil {
		t.Error("Add where nobody is: no error")
	}
	p.Heal()
	testproc.Eventually(t, func() error { return h.sub.Add(t.Context(), "l") })
	server.MustDo(t, "PUBLISH", "l", "2")
	h.await("2")
}

// TestCloseWithSubscriptions: soon, and nothing is left, whatever the network does.
func TestCloseWithSubscriptions(t *testing.T) {
	for name, fault := range map[string]func(*faultproxy.Proxy){
		"sound": func(*faultproxy.Proxy) {}, "frozen": func(p *faultproxy.Proxy) { p.Freeze(true) },
		"gone": func(p *faultproxy.Proxy) { p.Refuse(true); p.Cut() },
	} {
		t.Run(name, func(t *testing.T) {
			ignore := goleak.IgnoreCurrent()
			t.Cleanup(func() { // after the proxy's own
				if err := goleak.Find(ignore); err != nil {
					t.Error(err)
				}
			})
			p := faultproxy.New(t, "tcp", server.Addr())
			store := open(t, redis.Options{Addresses: []string{p.Addr()}})
			h := subscribe(t, store, "k")
			fault(p)
			waits := make(chan error, 1)
			if name != "sound" {
				go func() { waits <- h.sub.Add(context.Background(), "l") }()
			} else {
				waits <- driver.ErrClosed
			}
			began := time.Now()
			if err := store.Close(); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > 500*time.Millisecond {
				t.Errorf("Close took %v", took)
			}
			if err := <-waits; err == nil {
				t.Error("Add is told that it has subscribed")
			}
			p.Heal()
			testproc.Eventually(t, func() error {
				if n := p.Connections(); n > 0 {
					return fmt.Errorf("%d connections are left", n)
				}
				return nil
			})
		})
	}
}

// TestForcedReconnects: of many who wait while connections are lost again and again, nobody waits in vain: he is told, or he
// is told of a loss and finds the value.
func TestForcedReconnects(t *testing.T) {
	const waiters, cuts = 1000, 20
	s := redistest.Start(t)
	p := faultproxy.New(t, "tcp", s.Addr())
	store, writer := open(t, redis.Options{Addresses: []string{p.Addr()}}), direct(t, s, 0)
	var found atomic.Int64
	seen := make([]atomic.Bool, waiters)
	note := func(key string) {
		if i, err := strconv.Atoi(key); err == nil && !seen[i].Swap(true) {
			found.Add(1)
		}
	}
	keys := make([]string, waiters)
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	look := func() {
		results, err := writer.GetMany(t.Context(), keys)
		if err != nil {
			t.Error(err)
		}
		for i, r := range results {
			if r.Err == nil {
				note(keys[i])
			}
		}
	}
	sub, err := store.Subscribe(t.Context(), keys, func(m driver.Message) {
		if m.Lost {
			look()
		} else {
			note(m.Key)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		if i%(waiters/cuts) == 0 {
			p.Cut()
		}
		set(t, writer, key, "v")
	}
	testproc.Eventually(t, func() error {
		if n := found.Load(); n != waiters {
			return fmt.Errorf("%d of %d know", n, waiters)
		}
		return nil
	})
	sub.Stop()
}
