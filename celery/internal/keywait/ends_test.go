package keywait_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/driver"
)

// TestEndsInTell: who is done when his context ends is done; who is not is told nothing more.
func TestEndsInTell(t *testing.T) {
	store := enginetest.Memory(t, 1)[0]
	w := start(t, store, keywait.Options{})
	for _, key := range []string{"a", "b"} {
		put(t, store, key, "x")
	}
	for _, c := range []struct {
		keys []string
		done bool
		want error
	}{
		{[]string{"a"}, true, nil}, {[]string{"a"}, false, context.Canceled}, {[]string{"a", "b"}, true, context.Canceled},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		told := 0
		err := w.Watch(ctx, c.keys, func(string, []byte, error) bool {
			told++
			cancel()
			return c.done
		})
		if !errors.Is(err, c.want) || told != 1 {
			t.Errorf("%q, done %v: %v, told %d times", c.keys, c.done, err, told)
		}
	}
}

// TestEndsAsItArrives: contexts end at the moment that the value is stored. Whoever was told has no error, whoever was
// not has one, and nothing is left of either.
func TestEndsAsItArrives(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		stores := open(t, 2)
		w := start(t, stores[0], keywait.Options{})
		var told, missed int
		for round := range 100 {
			key := fmt.Sprint("arrives", round)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan bool)
			for range 4 {
				go func() {
					done := false
					err := w.Watch(ctx, []string{key}, func(_ string, value []byte, _ error) bool {
						done = string(value) == "x"
						return done
					})
					if done != (err == nil) || err != nil && !errors.Is(err, context.Canceled) {
						t.Errorf("told %v, and %v", done, err)
					}
					ended <- done
				}()
			}
			time.Sleep(rand.N(2 * time.Millisecond)) // to begin, or not to
			time.AfterFunc(rand.N(4*time.Millisecond), cancel)
			put(t, stores[1], key, "x")
			for range 4 {
				if <-ended {
					told++
				} else {
					missed++
				}
			}
			cancel()
		}
		t.Logf("%d told, %d not", told, missed)
		if n, _ := w.Waiting(); n != 0 {
			t.Errorf("%d keys are still looked after", n)
		}
	})
}

// TestEndsMeanwhile: the Waiter, or its store, is closed while callers come and go and values are stored. All of them
// return, and no goroutine is left.
func TestEndsMeanwhile(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		for round := range 10 {
			check := noLeaks(t)
			stores := open(t, 2)
			w := keywait.New(stores[0], keywait.Options{Reread: 10 * time.Millisecond})
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() { comeAndGo(t, w, i) })
			}
			for i := range 20 {
				put(t, stores[1], fmt.Sprint("k", i%5), fmt.Sprint(i))
			}
			if round%2 == 0 {
				all.Go(w.Close)
			} else {
				_ = stores[0].Close()
			}
			all.Wait()
			w.Close()
			for _, store := range stores {
				_ = store.Close()
			}
			check()
		}
	})
}

// comeAndGo waits for this and that until the Waiter has ended.
func comeAndGo(t *testing.T, w *keywait.Waiter, i int) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for ctx.Err() == nil {
		patience := rand.N(3 * time.Millisecond)
		if i%4 == 0 {
			patience = limit // he stays
		}
		short, cancel := context.WithTimeout(ctx, patience)
		err := w.Watch(short, []string{fmt.Sprint("k", i%5), "nothing"}, func(string, []byte, error) bool { return i%2 == 0 })
		cancel()
		if errors.Is(err, driver.ErrClosed) {
			return
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Watch: %v", err)
		}
	}
	t.Error("nobody is told that it was closed")
}
