package keywait_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/driver"
)

// TestLargeValues: after a reply of more than 8 MB the next request is for fewer keys.
func TestLargeValues(t *testing.T) {
	s := newScript()
	var keys []string
	for i := range 3000 {
		keys = append(keys, fmt.Sprint("key", i))
		s.set(keys[i], strings.Repeat("x", 16<<10))
	}
	synctest.Test(t, func(t *testing.T) { // where no reply takes long
		w := keywait.New(s, keywait.Options{})
		defer w.Close()
		if err := w.Watch(t.Context(), keys, func(string, []byte, error) bool { return true }); err != nil {
			t.Fatal(err)
		}
	})
	if want := []int{1000, 500, 1000, 500}; !slices.Equal(s.sizes, want) {
		t.Errorf("requests for %d keys", s.sizes)
	}
}

// TestLoad: what a store is asked for while nothing happens, in a second.
func TestLoad(t *testing.T) {
	for _, c := range []struct{ waiters, requests, values int }{
		{1, 63, 63}, {100, 63, 6_300}, {1000, 130, 52_000}, {4000, 130, 52_000}, {10_000, 130, 105_000},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newScript()
			w := keywait.New(s, keywait.Options{})
			ctx, cancel := context.WithCancel(context.Background())
			for i := range c.waiters {
				time.Sleep(10 * time.Microsecond) // virtual: they do not all come at once
				go func() { _ = w.Watch(ctx, []string{fmt.Sprint("key", i)}, nil) }()
			}
			time.Sleep(time.Second) // virtual, as the next one
			s.forget()
			time.Sleep(10 * time.Second)
			cancel()
			w.Close()
			values := 0
			for _, size := range s.sizes {
				values += size
			}
			requests := len(s.sizes) / 10
			t.Logf("%d wait: %d requests, %d values", c.waiters, requests, values/10)
			if requests > c.requests || values/10 > c.values {
				t.Errorf("more than %d requests, %d values", c.requests, c.values)
			}
		})
	}
}

// TestNothingPilesUp: of those who come and go while nothing can be subscribed to, nothing is left.
func TestNothingPilesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		s.refuses = func(keys []string) error {
			if len(keys) > 0 {
				return errors.New("refused")
			}
			return nil
		}
		w := keywait.New(publishing{s}, keywait.Options{})
		defer w.Close()
		stay, cancel := context.WithCancel(context.Background())
		defer cancel()
		for i := range 10 {
			go func() { _ = w.Watch(stay, []string{fmt.Sprint("stays", i)}, nil) }()
		}
		most := 0
		for i := range 10_000 {
			ctx, cancel := context.WithTimeout(stay, 10*time.Microsecond)
			_ = w.Watch(ctx, []string{fmt.Sprint("goes", i)}, nil)
			cancel()
			most = max(most, w.Pending())
		}
		if most > 50 {
			t.Errorf("%d are kept", most)
		}
	})
}

// TestNothingIsNotedTwice: of those who come and go while a subscription takes long, nothing is left either.
func TestNothingIsNotedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		var blocks atomic.Bool
		blocked := make(chan struct{})
		s.added = func() {
			if blocks.Load() {
				<-blocked
			}
		}
		w := keywait.New(publishing{s}, keywait.Options{})
		stay, cancel := context.WithCancel(context.Background())
		go func() { _ = w.Watch(stay, []string{"subscribed"}, nil) }()
		time.Sleep(time.Second) // virtual: it is subscribed to
		cancel()
		blocks.Store(true)
		most := 0
		for i := range 1000 {
			for _, key := range []string{"subscribed", fmt.Sprint("goes", i)} {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Microsecond)
				_ = w.Watch(ctx, []string{key}, nil)
				cancel()
			}
			most = max(most, w.Pending()+w.Unused())
		}
		if most > 50 {
			t.Errorf("%d are kept", most)
		}
		close(blocked)
		w.Close()
	})
}

// TestLeftWhileSubscribing: nobody waits any more when the subscription comes about, so it ends.
func TestLeftWhileSubscribing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		s.added = func() { time.Sleep(time.Second) } // virtual
		w := keywait.New(publishing{s}, keywait.Options{})
		defer w.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		_ = w.Watch(ctx, []string{"key"}, nil)
		time.Sleep(2 * time.Second)
		s.mu.Lock()
		defer s.mu.Unlock()
		if !slices.Equal(s.removed, []string{"key"}) {
			t.Errorf("%q are unsubscribed from", s.removed)
		}
	})
}

// TestCloseUnsubscribes: the store goes on without the subscription.
func TestCloseUnsubscribes(t *testing.T) {
	s := newScript()
	play(t, publishing{s}, never, func(w *keywait.Waiter) { w.Close() })
	if s.stops != 1 {
		t.Errorf("the subscription is stopped %d times", s.stops)
	}
}

// TestClosedStore: a store that reads one key at a time, or says it of a key, has also been closed.
func TestClosedStore(t *testing.T) {
	for name, store := range map[string]driver.Store{
		"one by one":  struct{ driver.Store }{&closedStore{}},
		"of each key": &closedStore{},
	} {
		t.Run(name, func(t *testing.T) {
			w := keywait.New(store, keywait.Options{})
			defer w.Close()
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if err := w.Watch(ctx, []string{"a", "b"}, nil); !errors.Is(err, driver.ErrClosed) {
				t.Errorf("Watch: %v", err)
			}
		})
	}
}

type closedStore struct{ script }

func (*closedStore) Get(context.Context, string) ([]byte, error) { return nil, driver.ErrClosed }

func (*closedStore) GetMany(_ context.Context, keys []string) ([]driver.Result, error) {
	return slices.Repeat([]driver.Result{{Err: driver.ErrClosed}}, len(keys)), nil
}
