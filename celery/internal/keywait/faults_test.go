package keywait_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/memcached"
)

// process is a server that a test may do anything with.
type process interface {
	Addr() string
	Kill()
	Restart(testing.TB)
	Freeze(testing.TB)
	Thaw(testing.TB)
}

// eachProcess runs a test with a server of its own. dial makes a store of it that need not be there.
func eachProcess(t *testing.T, test func(t *testing.T, p process, dial func() driver.Store)) {
	t.Run("redis", func(t *testing.T) {
		s := redistest.Start(t)
		test(t, s, func() driver.Store { return enginetest.DialRedis(t, s.Addr(), 0) })
	})
	t.Run("memcached", func(t *testing.T) {
		s := memcachetest.Start(t)
		test(t, s, func() driver.Store { return enginetest.DialMemcached(t, s.Addr()) })
	})
}

// TestKilledServer: who waited before it was killed, and who began while it was dead, is told when it is back.
func TestKilledServer(t *testing.T) {
	eachProcess(t, func(t *testing.T, p process, dial func() driver.Store) {
		store, writer := dial(), dial()
		w := start(t, store, keywait.Options{Reread: time.Hour})
		before := watch(t, w, "end", "key")
		put(t, writer, "key", "1")
		before.expect("key=1")
		for i := range 3 {
			p.Kill()
			during := watch(t, w, "end", "key", fmt.Sprint("other", i))
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if err := w.Watch(ctx, []string{"key"}, func(string, []byte, error) bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Watch: %v", err)
			}
			cancel()
			p.Restart(t)
			testproc.Eventually(t, func() error {
				return enginetest.Store(t.Context(), writer, "key", fmt.Sprint(i))
			})
			before.expect(fmt.Sprint("key=", i))
			during.expect(fmt.Sprint("key=", i))
			put(t, writer, fmt.Sprint("other", i), "end")
			during.expect(fmt.Sprintf("other%d=end", i))
			during.stop()
			_ = during.ended()
		}
		put(t, writer, "key", "end")
		before.expect("key=end")
		before.done()
	})
}

// TestFrozenServer: a call ends with its context, Close ends at once, and when the server goes on everybody
// is told.
func TestFrozenServer(t *testing.T) {
	eachProcess(t, func(t *testing.T, p process, dial func() driver.Store) {
		store := dial()
		w := start(t, store, keywait.Options{})
		before := watch(t, w, "end", "key")
		other := keywait.New(store, keywait.Options{})
		p.Freeze(t)
		during := watch(t, w, "end", "key", "other")
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		if err := other.Watch(ctx, []string{"key"}, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Watch: %v", err)
		}
		other.Close()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("Watch and Close took %v", took)
		}
		p.Thaw(t)
		testproc.Eventually(t, func() error {
			return enginetest.Store(t.Context(), store, "key", "end")
		})
		before.expect("key=end")
		before.done()
		during.expect("key=end")
		put(t, store, "other", "end")
		during.expect("other=end")
		during.done()
	})
}

// TestFrozenNetwork: what was stored while no byte came through is told afterwards.
func TestFrozenNetwork(t *testing.T) {
	for name, s := range servers() {
		t.Run(name, func(t *testing.T) {
			proxy := faultproxy.New(t, "tcp", s.addr)
			store, writer := s.dial(t, proxy.Addr()), s.dial(t, s.addr)
			w := start(t, store, keywait.Options{Reread: time.Hour})
			key := fmt.Sprint("frozen", time.Now().UnixNano())
			before := watch(t, w, "end", key)
			put(t, writer, key, "1")
			before.expect(key + "=1")
			proxy.Freeze(true)
			during := watch(t, w, "end", key, key+"too")
			put(t, writer, key, "end")
			put(t, writer, key+"too", "end")
			proxy.Freeze(false)
			before.expect(key + "=end")
			before.done()
			got := []string{during.next(), during.next()}
			if got[0] != key+"=end" && got[1] != key+"=end" {
				t.Errorf("told %q", got)
			}
			during.done()
		})
	}
}

// TestOneServerOfTwo: who waits for a key on a server that is well is told in good time, though others wait
// for keys on one that is frozen. The first may have to wait until that has been noticed.
func TestOneServerOfTwo(t *testing.T) {
	sound, frozen := memcachetest.Start(t), memcachetest.Start(t)
	both := memcached.Options{Addresses: []string{sound.Addr(), frozen.Addr()}, Timeout: time.Second}
	store, err := memcached.Open(t.Context(), both)
	store = enginetest.Closing(t, store, err).(*memcached.Store)
	var on [2][]string
	for i := 0; len(on[0]) < 20 || len(on[1]) < 20; i++ {
		key := fmt.Sprint("key", i)
		put(t, store, key, "1")
		_, _, there := frozen.Value(t, key)
		at := 0
		if there {
			at = 1
		}
		on[at] = append(on[at], key)
	}
	w := start(t, store, keywait.Options{})
	for _, key := range on[1] {
		watch(t, w, "end", key).expect(key + "=1")
	}
	writer := enginetest.DialMemcached(t, sound.Addr())
	frozen.Freeze(t)
	began := time.Now()
	for _, key := range on[0][:20] {
		h := watch(t, w, "end", key)
		put(t, writer, key, "2")
		for got := h.next(); got != key+"=2"; {
			got = h.next()
		}
		put(t, writer, key, "end")
		h.expect(key + "=end")
		h.done()
	}
	if took := time.Since(began); took > 10*both.Timeout {
		t.Errorf("40 values in %v", took)
	} else {
		t.Logf("40 values in %v", took)
	}
	frozen.Thaw(t)
}

// lossy is a Notifier of which some messages get lost.
type lossy struct {
	driver.Store
	driver.Batcher
	driver.Notifier
	loses func(driver.Message) bool
}

func (m lossy) Subscribe(ctx context.Context, keys []string, tell func(driver.Message)) (driver.Subscription, error) {
	return m.Notifier.Subscribe(ctx, keys, func(msg driver.Message) {
		if !m.loses(msg) {
			tell(msg)
		}
	})
}

// TestWhatFindsIt: a value that was stored while the connection was lost is found because the engine says
// that something may be missing, and without that because it is read again. Without both it is not found: so
// these are what does it.
func TestWhatFindsIt(t *testing.T) {
	for _, c := range []struct {
		name   string
		loses  func(driver.Message) bool
		reread time.Duration
		found  bool
	}{
		{"told of the loss", func(driver.Message) bool { return false }, time.Hour, true},
		{"read again", func(m driver.Message) bool { return m.Lost }, 50 * time.Millisecond, true},
		{"neither", func(m driver.Message) bool { return m.Lost }, time.Hour, false},
		{"the message lost", func(m driver.Message) bool { return m.Key == "key" }, 50 * time.Millisecond, true},
		{"the message and the loss", func(m driver.Message) bool { return m.Lost || m.Key == "key" }, time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := redistest.Start(t)
			proxy := faultproxy.New(t, "tcp", s.Addr())
			store, writer := enginetest.DialRedis(t, proxy.Addr(), 0), enginetest.DialRedis(t, s.Addr(), 0)
			w := start(t, lossy{store, store.(driver.Batcher), store.(driver.Notifier), c.loses}, keywait.Options{Reread: c.reread})
			h, probe := watch(t, w, "end", "key"), watch(t, w, "end", "probe")
			testproc.Eventually(t, func() error {
				_, subscribed := w.Waiting()
				return none("keys that are not subscribed to or read", 4-subscribed-w.Idle())
			})
			proxy.Refuse(true)
			proxy.Cut()
			put(t, writer, "key", "end")
			proxy.Refuse(false)
			for i := 0; len(probe.told) == 0; i++ { // until it hears again
				put(t, writer, "probe", fmt.Sprint(i))
				time.Sleep(time.Millisecond)
			}
			if c.found {
				h.expect("key=end")
				h.done()
			} else if len(h.told) > 0 {
				t.Errorf("told %q: something else does it, too", <-h.told)
			}
		})
	}
}
