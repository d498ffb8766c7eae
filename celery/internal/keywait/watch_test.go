package keywait_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/testproc"
)

// limit bounds what a test may take that fails.
const limit = 30 * time.Second

// start returns a Waiter that ends with the test.
func start(t *testing.T, store driver.Store, o keywait.Options) *keywait.Waiter {
	w := keywait.New(store, o)
	t.Cleanup(w.Close)
	return w
}

func put(t *testing.T, store driver.Store, key, value string) {
	t.Helper()
	if err := enginetest.Store(t.Context(), store, key, value); err != nil {
		t.Fatal(err)
	}
}

// watching is a call of Watch on a goroutine of its own.
type watching struct {
	t    *testing.T
	told chan string   // each call of tell: "key=value" or "key!error"
	end  chan error    // what Watch returned
	stop func()        // cancels its context
	slow chan struct{} // nil, or tell waits for it
}

// watch has tell say that it is done when the value is final.
func watch(t *testing.T, w *keywait.Waiter, final string, keys ...string) *watching {
	return (&watching{t: t}).start(w, final, keys...)
}

func (h *watching) start(w *keywait.Waiter, final string, keys ...string) *watching {
	ctx, cancel := context.WithTimeout(h.t.Context(), limit)
	h.told, h.end, h.stop = make(chan string, 1000), make(chan error, 1), cancel
	go func() {
		h.end <- w.Watch(ctx, keys, func(key string, value []byte, err error) bool {
			if err != nil {
				h.told <- fmt.Sprint(key, "!", err)
			} else {
				h.told <- fmt.Sprint(key, "=", string(value))
			}
			if h.slow != nil {
				<-h.slow
			}
			return err == nil && string(value) == final
		})
	}()
	h.t.Cleanup(cancel)
	return h
}

// next is what is told next.
func (h *watching) next() string {
	h.t.Helper()
	select {
	case s := <-h.told:
		return s
	case err := <-h.end:
		h.end <- err
		if len(h.told) > 0 {
			return <-h.told
		}
		h.t.Fatalf("nothing is told, and Watch returned %v", err)
	case <-time.After(limit):
		h.t.Fatal("nothing is told")
	}
	return ""
}

func (h *watching) expect(want ...string) {
	h.t.Helper()
	for _, s := range want {
		if got := h.next(); got != s {
			h.t.Fatalf("told %q and not %q", got, s)
		}
	}
}

// ended is the error that Watch returns.
func (h *watching) ended() error {
	h.t.Helper()
	select {
	case err := <-h.end:
		h.end <- err
		if len(h.told) > 0 {
			h.t.Errorf("also told: %q", <-h.told)
		}
		return err
	case <-time.After(limit):
		h.t.Fatal("Watch does not return")
	}
	return nil
}

func (h *watching) done() {
	h.t.Helper()
	if err := h.ended(); err != nil {
		h.t.Errorf("Watch: %v", err)
	}
}

// TestWatch: what is there, what comes, and each newer value, until it is the last.
func TestWatch(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		stores := open(t, 2)
		w := start(t, stores[0], keywait.Options{})
		put(t, stores[1], "there", "end")
		h := watch(t, w, "end", "there")
		h.expect("there=end")
		h.done()

		h = watch(t, w, "end", "comes")
		put(t, stores[1], "comes", "1")
		h.expect("comes=1")
		put(t, stores[1], "comes", "")
		h.expect("comes=")
		also := watch(t, w, "end", "comes")
		also.expect("comes=")
		put(t, stores[1], "comes", "end")
		h.expect("comes=end")
		h.done()
		also.expect("comes=end")
		also.done()

		if err := w.Watch(t.Context(), nil, nil); err != nil {
			t.Errorf("no keys: %v", err)
		}
		if n, _ := w.Waiting(); n != 0 {
			t.Errorf("%d keys are still looked after", n)
		}
	})
}

// TestManyKeys: of one caller; each is told once, a key that is named twice too, and those that are done are
// left alone.
func TestManyKeys(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		stores := open(t, 2)
		w := start(t, stores[0], keywait.Options{})
		var keys, want []string
		for i := range 2500 {
			keys = append(keys, fmt.Sprint("many", i))
			want = append(want, fmt.Sprintf("many%d=end", i))
			if i%2 == 0 {
				put(t, stores[1], keys[i], "end")
			}
		}
		h := (&watching{t: t}).start(w, "end", append(keys, keys...)...)
		var got []string
		for i := range keys {
			if i == len(keys)/2 {
				for j := 1; j < len(keys); j += 2 {
					put(t, stores[1], keys[j], "end")
				}
			}
			got = append(got, h.next())
		}
		h.done()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Error("some are told twice, and others not at all")
		}
	})
}

// TestManyCallers: of one key. Who leaves disturbs nobody.
func TestManyCallers(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		stores := open(t, 2)
		w := start(t, stores[0], keywait.Options{})
		put(t, stores[1], "key", "1")
		var all [20]*watching
		for i := range all {
			all[i] = watch(t, w, "end", "key")
			all[i].expect("key=1")
		}
		for _, h := range all[:10] {
			h.stop()
			if err := h.ended(); !errors.Is(err, context.Canceled) {
				t.Errorf("who has left: %v", err)
			}
		}
		put(t, stores[1], "key", "2")
		for _, h := range all[10:] {
			h.expect("key=2")
		}
		put(t, stores[1], "key", "end")
		for _, h := range all[10:] {
			h.expect("key=end")
			h.done()
		}
	})
}

// TestComeAndGo: many wait for a few keys for a moment each, while the values change. Everybody is told the last.
func TestComeAndGo(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		stores := open(t, 2)
		w := start(t, stores[0], keywait.Options{Reread: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				for j := range 50 {
					short, cancel := context.WithTimeout(ctx, time.Duration(j%5)*time.Millisecond)
					_ = w.Watch(short, []string{fmt.Sprint("k", i%3), "other"}, func(string, []byte, error) bool { return j%2 == 0 })
					cancel()
				}
				err := w.Watch(ctx, []string{fmt.Sprint("k", i%3)}, func(_ string, value []byte, _ error) bool { return string(value) == "end" })
				if err != nil {
					t.Error(err)
				}
			})
		}
		for i := range 100 {
			put(t, stores[1], fmt.Sprint("k", i%3), fmt.Sprint(i))
		}
		for i := range 3 {
			put(t, stores[1], fmt.Sprint("k", i), "end")
		}
		all.Wait()
		if n, _ := w.Waiting(); n != 0 {
			t.Errorf("%d keys are still looked after", n)
		}
	})
}

// twoSpeeds has two wait for "key": one who is slow, in the midst of the first value, and one who has been told of 20
// more since.
func twoSpeeds(t *testing.T, open enginetest.Open) (w *keywait.Waiter, writer driver.Store, slow, quick *watching) {
	stores := open(t, 2)
	w, writer = start(t, stores[0], keywait.Options{}), stores[1]
	slow = (&watching{t: t, slow: make(chan struct{})}).start(w, "end", "key")
	quick = watch(t, w, "end", "key")
	put(t, writer, "key", "first")
	slow.expect("key=first")
	quick.expect("key=first")
	for i := range 20 {
		put(t, writer, "key", fmt.Sprint(i))
		quick.expect(fmt.Sprint("key=", i))
	}
	return w, writer, slow, quick
}

// TestSlowTell: who is slow is told the newest of what came meanwhile, and keeps nobody else waiting.
func TestSlowTell(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		w, writer, slow, quick := twoSpeeds(t, open)
		put(t, writer, "key", "end")
		quick.expect("key=end")
		quick.done()
		slow.slow <- struct{}{}
		slow.expect("key=end")
		put(t, writer, "key", "later")
		also := watch(t, w, "later", "key")
		also.expect("key=later")
		also.done()
		slow.slow <- struct{}{}
		slow.done() // and is not told of what came when he was done
	})
}

// TestNewestOnly: who was slow is told one value for all that he has missed.
func TestNewestOnly(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		_, writer, slow, _ := twoSpeeds(t, open)
		slow.slow <- struct{}{}
		slow.expect("key=19")
		slow.slow <- struct{}{}
		put(t, writer, "key", "end")
		slow.expect("key=end")
		slow.slow <- struct{}{}
		slow.done()
	})
}

// TestToldErrors: what is no value is told, of its key alone, and what comes after it too.
func TestToldErrors(t *testing.T) {
	for name, store := range map[string]driver.Store{"redis": enginetest.Redis(t, 1)[0], "memcached": enginetest.Memcached(t, 1)[0]} {
		t.Run(name, func(t *testing.T) {
			long := strings.Repeat("k", driver.MaxKeyLen+1)
			enginetest.MakeUnreadable(t, store, "key")
			w := start(t, store, keywait.Options{})
			sound, odd, bad := watch(t, w, "end", "sound"), watch(t, w, "end", "key"), watch(t, w, "end", long, "sound")
			if got := odd.next(); !strings.HasPrefix(got, "key!"+driver.ErrCodec.Error()) {
				t.Errorf("told %q", got)
			}
			if got := bad.next(); !strings.HasPrefix(got, long+"!"+driver.ErrBadKey.Error()) {
				t.Errorf("told %.100q…", got)
			}
			put(t, store, "key", "end")
			put(t, store, "sound", "end")
			odd.expect("key=end")
			odd.done()
			sound.expect("sound=end")
			sound.done()
			bad.expect("sound=end")
			bad.stop()
			if err := bad.ended(); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
}

// TestClose: ends everybody, also from within tell, and leaves no goroutine; so does the end of the store.
func TestClose(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		for _, end := range []string{"Close", "Close in tell", "the store's"} {
			t.Run(end, func(t *testing.T) {
				check := noLeaks(t)
				store := open(t, 1)[0]
				w := keywait.New(store, keywait.Options{Reread: 10 * time.Millisecond})
				put(t, store, "there", "x")
				var told atomic.Int64
				all := make(chan error)
				for range 10 {
					go func() {
						all <- w.Watch(context.Background(), []string{"key", "there"}, func(string, []byte, error) bool {
							if told.Add(1) == 10 && end == "Close in tell" {
								w.Close()
							}
							return false
						})
					}()
				}
				testproc.Eventually(t, func() error { return none("callers", max(0, 10-int(told.Load()))) })
				switch end {
				case "Close":
					w.Close()
				case "the store's":
					_ = store.Close()
				}
				for range 10 {
					if err := <-all; !errors.Is(err, driver.ErrClosed) {
						t.Errorf("Watch: %v", err)
					}
				}
				if err := w.Watch(t.Context(), []string{"key"}, nil); !errors.Is(err, driver.ErrClosed) {
					t.Errorf("Watch after Close: %v", err)
				}
				w.Close()
				w.Close()
				_ = store.Close()
				check()
			})
		}
	})
	unused := keywait.New(enginetest.Memory(t, 1)[0], keywait.Options{})
	unused.Close()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := unused.Watch(canceled, []string{"key"}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
