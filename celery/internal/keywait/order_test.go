package keywait_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/driver"
)

// play runs a test in virtual time, with one who waits for "key" until it is "end". It returns what he was told.
func play(t *testing.T, store driver.Store, o keywait.Options, scenes func(w *keywait.Waiter)) (told string) {
	synctest.Test(t, func(t *testing.T) {
		w := keywait.New(store, o)
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		var all []string
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = w.Watch(ctx, []string{"key"}, func(_ string, value []byte, err error) bool {
				if err != nil {
					value = []byte(err.Error())
				}
				all = append(all, string(value))
				return string(value) == "end"
			})
		}()
		synctest.Wait()
		scenes(w)
		synctest.Wait()
		cancel()
		<-ended
		w.Close()
		told = strings.Join(all, " ")
	})
	return told
}

func expectTold(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("told %q and not %q", got, want)
	}
}

// never is longer than any scene.
var never = keywait.Options{Reread: 24 * time.Hour}

// TestSubscribesFirst: what is stored at the last moment before the store has subscribed is found, because it
// is read after that.
func TestSubscribesFirst(t *testing.T) {
	for name, wait := range map[string]time.Duration{"at once": 0, "after a read": time.Second} {
		t.Run(name, func(t *testing.T) {
			s := newScript()
			s.added = func() {
				time.Sleep(wait) // virtual: it is read meanwhile, because it takes so long
				if wait > 0 && s.count() == 0 {
					t.Error("it is not read although the subscription takes so long")
				}
				s.set("key", "end")
			}
			expectTold(t, play(t, publishing{s}, never, func(*keywait.Waiter) { time.Sleep(2 * time.Second) }), "end")
		})
	}
}

// TestReadOvertaken: what is read while a message comes in may be older, and is not told.
func TestReadOvertaken(t *testing.T) {
	s := newScript()
	got := play(t, publishing{s}, never, func(*keywait.Waiter) {
		s.set("key", "1")
		s.read = func() { // a reply with "1" is under way
			s.read = nil
			s.set("key", "2")
			s.say("key", "2")
		}
		s.tell(driver.Message{Lost: true})
	})
	expectTold(t, got, "2")
}

// TestLostDuringRead: what is being read when something was lost may be older than that, so it is read again.
func TestLostDuringRead(t *testing.T) {
	s := newScript()
	got := play(t, publishing{s}, never, func(*keywait.Waiter) {
		s.read = func() { // a reply without a value is under way
			s.read = nil
			s.set("key", "end")
			s.tell(driver.Message{Lost: true})
		}
		s.tell(driver.Message{Lost: true})
	})
	expectTold(t, got, "end")
}

// TestJoinedDuringRead: who comes when a message has just made what is being read worthless is told all the same.
func TestJoinedDuringRead(t *testing.T) {
	s := newScript()
	second := ""
	got := play(t, publishing{s}, never, func(w *keywait.Waiter) {
		joined := make(chan struct{})
		s.read = func() {
			s.read = nil
			s.set("key", "2")
			s.say("key", "2")
			go func() {
				defer close(joined)
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				_ = w.Watch(ctx, []string{"key"}, func(_ string, value []byte, _ error) bool {
					second = string(value)
					return true
				})
			}()
			time.Sleep(time.Millisecond) // virtual: he has come
		}
		s.tell(driver.Message{Lost: true})
		<-joined
	})
	expectTold(t, got, "2")
	expectTold(t, second, "2")
}

// TestMessageOvertaken: a message that was on its way when a read has found what came after it is not told.
// What comes then is told all the same.
func TestMessageOvertaken(t *testing.T) {
	s := newScript()
	s.set("key", "2")
	got := play(t, publishing{s}, never, func(*keywait.Waiter) {
		for i, value := range []string{"1", "2", "3", "4"} {
			s.set("key", []string{"2", "2", "4", "4"}[i])
			s.say("key", value)
			synctest.Wait()
		}
	})
	expectTold(t, got, "2 4")
}

// TestMessagesAreEnough: nothing is read for them when no read has just found something.
func TestMessagesAreEnough(t *testing.T) {
	s := newScript()
	s.set("key", "1")
	var before, after int
	got := play(t, publishing{s}, never, func(*keywait.Waiter) {
		time.Sleep(time.Second)
		before = s.count()
		s.say("key", "2")
		s.say("key", "2")
		synctest.Wait()
		s.say("key", "3")
		synctest.Wait()
		s.say("other", "x")
		synctest.Wait()
		after = s.count()
		s.say("key", "end")
	})
	expectTold(t, got, "1 2 3 end")
	if after != before {
		t.Errorf("%d reads", after-before)
	}
}

// TestReread: what was stored without being published is found by and by, in the time that is stated. So is
// what was lost without a word.
func TestReread(t *testing.T) {
	s := newScript()
	var took time.Duration
	got := play(t, publishing{s}, keywait.Options{}, func(w *keywait.Waiter) {
		time.Sleep(time.Minute)
		s.set("key", "end")
		for from := time.Now(); took < time.Hour; took = time.Since(from) {
			if n, _ := w.Waiting(); n == 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
	})
	expectTold(t, got, "end")
	if took > 5*time.Second*5/4 {
		t.Errorf("it took %v", took)
	}
	if n := s.count(); n < 8 || n > 17 {
		t.Errorf("%d reads in a minute", n)
	}
}

// TestPolling: where nothing is published it is read after 1 ms, less often with time, and often again when
// something has changed.
func TestPolling(t *testing.T) {
	s := newScript()
	var early, late, changed int
	got := play(t, s, keywait.Options{}, func(*keywait.Waiter) {
		time.Sleep(10 * time.Millisecond)
		early = s.count()
		time.Sleep(10 * time.Second)
		late = s.count() - early
		s.set("key", "1")
		time.Sleep(32 * time.Millisecond)
		changed = s.count() - early - late
		s.set("key", "end")
		time.Sleep(32 * time.Millisecond)
	})
	expectTold(t, got, "1 end")
	if early < 4 || late < 600 || late > 650 || changed < 2 {
		t.Errorf("%d reads in 10 ms, %d in 10 s, %d in 32 ms after a change", early, late, changed)
	}
}

// TestSubscriptionRefused: where a subscription is refused, for a time or for ever, it is polled as if there were none.
func TestSubscriptionRefused(t *testing.T) {
	for name, refusal := range map[string]error{"no such thing": errors.ErrUnsupported, "not now": errors.New("refused")} {
		t.Run(name, func(t *testing.T) {
			s := newScript()
			refused := true
			s.refuses = func(keys []string) error {
				if refused && len(keys) > 0 {
					return refusal
				}
				return nil
			}
			var adds int
			got := play(t, publishing{s}, never, func(w *keywait.Waiter) {
				time.Sleep(time.Minute)
				s.set("key", "1")
				time.Sleep(time.Second)
				s.mu.Lock()
				adds, refused = s.adds, false
				s.mu.Unlock()
				time.Sleep(2 * time.Second)
				if _, subscribed := w.Waiting(); subscribed == 0 && !errors.Is(refusal, errors.ErrUnsupported) {
					t.Error("it does not hear again")
				}
				s.set("key", "end")
				if !errors.Is(refusal, errors.ErrUnsupported) {
					s.say("key", "end")
				}
				time.Sleep(time.Second)
			})
			expectTold(t, got, "1 end")
			if adds > 150 {
				t.Errorf("%d attempts in a minute", adds)
			}
		})
	}
}

// TestSilentSubscription: while a subscription is not answered, what was subscribed to before is polled, too, and a
// new key is read at once. After that messages are enough again.
func TestSilentSubscription(t *testing.T) {
	s := newScript()
	got := play(t, publishing{s}, never, func(w *keywait.Waiter) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		told := make(chan time.Time, 1)
		go func() {
			_ = w.Watch(ctx, []string{"before"}, func(string, []byte, error) bool {
				told <- time.Now()
				return true
			})
		}()
		synctest.Wait()
		silent, answered := make(chan struct{}), make(chan struct{})
		s.added = func() {
			close(silent)
			<-answered
		}
		go func() { _ = w.Watch(ctx, []string{"not answered"}, nil) }()
		<-silent
		time.Sleep(time.Second) // virtual, as all of them
		stored := time.Now()
		s.set("before", "x")
		if took := (<-told).Sub(stored); took > 20*time.Millisecond {
			t.Errorf("what was subscribed to before is told after %v", took)
		}
		s.set("there", "x")
		began := time.Now()
		_ = w.Watch(ctx, []string{"there"}, func(string, []byte, error) bool { return true })
		if took := time.Since(began); took > 0 {
			t.Errorf("what is there is told after %v", took)
		}
		s.added = nil
		close(answered)
		time.Sleep(time.Second)
		before := s.count()
		time.Sleep(time.Minute)
		if n := s.count() - before; n > 0 {
			t.Errorf("%d reads after that", n)
		}
		s.say("key", "end")
	})
	expectTold(t, got, "end")
}

// TestOneBadChannel: the others are subscribed to.
func TestOneBadChannel(t *testing.T) {
	s := newScript()
	s.refuses = func(keys []string) error {
		if slices.Contains(keys, "bad") {
			return errors.New("NOPERM")
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		w := keywait.New(publishing{s}, never)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		keys := []string{"bad"}
		for i := range 3000 {
			keys = append(keys, strings.Repeat("k", i+1))
		}
		go func() {
			_ = w.Watch(ctx, keys, func(string, []byte, error) bool { return false })
		}()
		time.Sleep(9 * time.Second)
		if n, subscribed := w.Waiting(); subscribed != n-1 {
			t.Errorf("%d of %d are subscribed to", subscribed, n)
		}
		w.Close()
	})
}

// TestOneBadKey: the values of the others are found, though the store refuses each request that names it. So
// they are where the store reads one key at a time.
func TestOneBadKey(t *testing.T) {
	for name, bad := range map[string]error{"of the key": driver.ErrBadKey, "of the store": errors.New("broken")} {
		t.Run(name, func(t *testing.T) {
			s := newScript()
			s.bad = map[string]error{"bad": bad}
			for kind, store := range map[string]driver.Store{"many": s, "one by one": struct{ driver.Store }{s}} {
				synctest.Test(t, func(t *testing.T) { findOthers(t, kind, store, bad) })
			}
		})
	}
}

func findOthers(t *testing.T, kind string, store driver.Store, bad error) {
	w := keywait.New(store, never)
	defer w.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	keys := []string{"bad"}
	for i := range 3000 {
		keys = append(keys, strings.Repeat("k", i+1))
	}
	s, _ := store.(*script)
	if s == nil {
		s = store.(struct{ driver.Store }).Store.(*script)
	}
	for _, key := range keys[1:] {
		s.set(key, "end")
	}
	found, failed := 0, 0
	err := w.Watch(ctx, keys, func(_ string, _ []byte, err error) bool {
		if err != nil {
			failed++
			return true
		}
		found++
		return true
	})
	if own := errors.Is(bad, driver.ErrBadKey); found != 3000 || own != (err == nil) || own != (failed == 1) || !own && !errors.Is(err, bad) {
		t.Errorf("%s: %d are found, %d told as failed, and Watch returned %v", kind, found, failed, err)
	}
}

// TestFault: of an engine that does not answer. It is asked again with pauses, and who gives up is told why.
func TestFault(t *testing.T) {
	broken := errors.New("connection refused")
	for name, store := range map[string]func(*script) driver.Store{
		"subscribed": func(s *script) driver.Store { return publishing{s} },
		"read":       func(s *script) driver.Store { return s },
		"of the key": func(s *script) driver.Store {
			s.single = true
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript()
			s.fault = broken
			got := play(t, store(s), never, func(w *keywait.Waiter) {
				time.Sleep(time.Minute)
				if n := s.count(); n < 60 || n > 150 {
					t.Errorf("%d reads in a minute", n)
				}
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				err := w.Watch(ctx, []string{"other", "key"}, nil)
				if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, broken) {
					t.Errorf("Watch: %v", err)
				}
				s.set("key", "end")
				s.mu.Lock()
				s.fault = nil
				s.mu.Unlock()
				time.Sleep(2 * time.Second)
				if n, _ := w.Waiting(); n != 0 {
					t.Error("it is not found after the fault")
				}
			})
			expectTold(t, got, "end")
		})
	}
}

// TestErrorOnce: an error of the key is told once, and again after a value.
func TestErrorOnce(t *testing.T) {
	s := newScript()
	s.fault = driver.ErrCodec
	got := play(t, s, keywait.Options{}, func(*keywait.Waiter) {
		time.Sleep(time.Second)
		for _, fault := range []error{nil, driver.ErrCodec, nil} {
			s.mu.Lock()
			s.values["key"], s.fault = "x", fault
			s.mu.Unlock()
			time.Sleep(time.Second)
		}
	})
	expectTold(t, got, "codec x codec x")
}
