package larder_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memory"
)

// teller is a store whose watches are told what a test says.
type teller struct {
	driver.Store
	mu      sync.Mutex
	tell    func(driver.Event)
	prefix  string
	stopped int
	err     error
}

func (s *teller) Watch(_ context.Context, prefix string, tell func(driver.Event)) (func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	s.tell, s.prefix = tell, prefix
	tell(driver.Event{Kind: driver.Alive, Until: time.Now()})
	return func() { s.mu.Lock(); s.stopped++; s.mu.Unlock() }, nil
}

func (s *teller) changed(keys ...string) {
	for _, key := range keys {
		s.tell(driver.Event{Kind: driver.Changed, Key: key})
	}
}

func (s *teller) gap()   { s.tell(driver.Event{Kind: driver.Gap}) }
func (s *teller) alive() { s.tell(driver.Event{Kind: driver.Alive, Until: time.Now()}) }

func tellerCache(t *testing.T, opts ...larder.Option) (*larder.Cache, *teller) {
	t.Helper()
	store, err := memory.New(memory.Options{Isolate: true})
	ok(t, err)
	s := &teller{Store: store}
	c, err := larder.New(s, opts...)
	ok(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c, s
}

// watching pulls changes out of a watch, one at a time.
type watching struct {
	t    *testing.T
	next func() (larder.Change, error, bool)
	stop func()
}

func watch(t *testing.T, changes iter.Seq2[larder.Change, error]) *watching {
	t.Helper()
	next, stop := iter.Pull2(changes)
	t.Cleanup(stop)
	w := &watching{t, next, stop}
	w.want(gap)
	return w
}

const gap = "(gap)"

// want compares what comes next with keys, and gaps among them.
func (w *watching) want(all ...string) {
	w.t.Helper()
	for _, want := range all {
		change, err, more := w.next()
		if got := changeText(change); err != nil || !more || got != want {
			w.t.Fatalf("got %q, %v, %t; want %q", got, err, more, want)
		}
	}
}

func changeText(ch larder.Change) string {
	if ch.Gap {
		return gap + ch.Key
	}
	return ch.Key
}

// wantEnd fails unless an error comes, once, and ends the watch.
func (w *watching) wantEnd(target error) {
	w.t.Helper()
	change, err, more := w.next()
	if change != (larder.Change{}) || !more || !errors.Is(err, target) {
		w.t.Errorf("got %v, %v, %t; want %v", change, err, more, target)
	}
	var wrapped *larder.Error
	if !errors.As(err, &wrapped) || wrapped.Op != "watch" {
		w.t.Errorf("error %v; want one of the operation watch", err)
	}
	if _, err, more := w.next(); more {
		w.t.Errorf("and then %v", err)
	}
}

func TestWatchYieldsKeysOfTheView(t *testing.T) {
	c, s := tellerCache(t, larder.WithKeyPrefix("shop"), larder.WithVersion("2"))
	w := watch(t, larder.Of[int](c, "user:").Watch(t.Context()))
	s.changed("shop:2:user:42", "shop:2:user:", "shop:2:user:\xff\n")
	w.want("42", "", "\xff\n")
	w.stop()

	w = watch(t, c.Watch(t.Context()))
	s.changed("shop:2:user:42")
	w.want("user:42")
	w.stop()

	w = watch(t, c.Watch(t.Context(), larder.Version(7)))
	s.changed("shop:7:k")
	w.want("k")
	w.stop()
	if s.stopped != 3 {
		t.Errorf("%d watches were stopped", s.stopped)
	}
}

func TestWatchBare(t *testing.T) {
	c, s := tellerCache(t, larder.WithLayout(larder.Bare))
	w := watch(t, c.Watch(t.Context()))
	s.changed("a", "")
	w.want("a", "")
	if s.prefix != "" {
		t.Errorf("the engine watches %q", s.prefix)
	}
}

// A consumer that forgets everything at a gap is never wrong: what it reads between the two gaps it forgets again.
func TestWatchTellsOfGapsTwice(t *testing.T) {
	c, s := tellerCache(t)
	w := watch(t, c.Watch(t.Context()))
	s.changed("::a")
	w.want("a")
	s.gap()
	w.want(gap)
	s.gap() // an attempt to connect has failed
	s.changed("::x")
	w.want("x")
	s.alive()
	w.want(gap)
	s.alive()
	s.changed("::b")
	w.want("b")
	s.gap()
	s.changed("::c")
	w.want(gap, "c")
}

// What waits when everything is void anyhow is not worth telling.
func TestWatchGapReplacesWhatWaits(t *testing.T) {
	c, s := tellerCache(t)
	w := watch(t, c.Watch(t.Context()))
	s.changed("::a", "::b")
	s.gap()
	s.alive()
	s.changed("::c")
	w.want(gap, "c")
}

func TestWatchOfASlowConsumerHasAGap(t *testing.T) {
	for name, key := range map[string]string{"many": "::k", "large": "::" + string(make([]byte, 60_000))} {
		t.Run(name, func(t *testing.T) {
			c, s := tellerCache(t)
			w := watch(t, c.Watch(t.Context()))
			for i := range 5000 {
				s.changed(key + fmt.Sprint(i))
			}
			s.changed("::last")
			seen := 0
			for {
				change, err, _ := w.next()
				ok(t, err)
				if change.Key == "last" {
					break
				}
				if seen++; seen == 1 != change.Gap {
					t.Fatalf("change %d is %.10q", seen, changeText(change))
				}
			}
			if seen > 4097 || len(key)*(seen-1) > 1<<20 {
				t.Errorf("%d changes waited", seen)
			}
		})
	}
}

func TestWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := tellerCache(t)
		ctx, cancel := context.WithCancel(t.Context())
		w := watch(t, c.Watch(ctx))
		time.AfterFunc(time.Minute, cancel)
		w.wantEnd(context.Canceled)

		w = watch(t, c.Watch(t.Context()))
		time.AfterFunc(time.Minute, func() { _ = c.Close() })
		w.wantEnd(larder.ErrClosed)

		if s.stopped != 2 {
			t.Errorf("%d watches were stopped", s.stopped)
		}
	})
}

// A context that has ended ends a watch, however much there is to tell.
func TestWatchEndsWhileThereIsNews(t *testing.T) {
	c, s := tellerCache(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for change, err := range c.Watch(ctx) {
		if n++; err != nil {
			wantErr(t, "watch", err, context.Canceled)
			break
		}
		if n > 2 {
			t.Fatalf("goes on with %v", change)
		}
		cancel()
		s.changed("::a")
	}
}

func TestWatchBreak(t *testing.T) {
	c, s := tellerCache(t)
	for _, err := range c.Watch(t.Context()) {
		ok(t, err)
		break
	}
	if s.stopped != 1 {
		t.Error("the engine's watch goes on")
	}
}

func TestWatchFails(t *testing.T) {
	c, s := tellerCache(t)
	fails := func(c *larder.Cache, ctx context.Context, target error) {
		t.Helper()
		next, stop := iter.Pull2(c.Watch(ctx))
		defer stop()
		(&watching{t, next, stop}).wantEnd(target)
	}
	s.err = errOrigin
	fails(c, t.Context(), errOrigin)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	fails(c, ended, context.Canceled)
	for _, url := range []string{"memory://", "dummy://", "sqlite:" + t.TempDir() + "/cache.db"} {
		fails(openCache(t, url), t.Context(), errors.ErrUnsupported)
	}
}

func TestWatchFromManyGoroutines(t *testing.T) {
	c, s := tellerCache(t)
	w := watch(t, c.Watch(t.Context()))
	var want []string
	for i := range 1000 {
		want = append(want, fmt.Sprint(i))
	}
	go func() {
		for _, key := range want {
			s.changed("::" + key)
		}
	}()
	var got []string
	for len(got) < len(want) {
		change, err, _ := w.next()
		ok(t, err)
		got = append(got, change.Key)
	}
	if !slices.Equal(got, want) {
		t.Error("they come in another order")
	}
}
