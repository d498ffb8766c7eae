package keystore_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keystore"
	"github.com/larder-go/larder/driver"
)

// succeeded is the rule of the tests: values that begin so are final.
func succeeded(old []byte) bool { return bytes.HasPrefix(old, []byte("SUCCESS")) }

func mustPut(t *testing.T, store driver.Store, key, value string) bool {
	t.Helper()
	stored, err := keystore.Put(t.Context(), store, key, []byte(value), time.Hour, succeeded)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// TestPut: what is not final is replaced, whatever it is; what is final stays; what is stored has its lifetime.
func TestPut(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		store := open(t, 1)[0]
		var asked []string
		for i, c := range []struct {
			value  string
			stored bool
			there  string
		}{
			{"STARTED", true, "STARTED"},
			{"", true, ""},
			{"\x00{garbage", true, "\x00{garbage"},
			{"SUCCESS 1", true, "SUCCESS 1"},
			{"SUCCESS 2", false, "SUCCESS 1"},
			{"FAILURE", false, "SUCCESS 1"},
		} {
			stored, err := keystore.Put(t.Context(), store, "key", []byte(c.value), time.Hour, func(old []byte) bool {
				asked = append(asked, string(old))
				return succeeded(old)
			})
			if there := enginetest.Get(t, store, "key"); err != nil || stored != c.stored || there != c.there {
				t.Errorf("%d: Put %q = %v, %v, and %q is there", i, c.value, stored, err, there)
			}
		}
		if want := []string{"STARTED", "", "\x00{garbage", "SUCCESS 1", "SUCCESS 1"}; !slices.Equal(asked, want) {
			t.Errorf("final was asked about %q", asked)
		}
		lifetime(t, store, "key", 59*time.Minute, time.Hour+2*time.Second)
		if stored, err := keystore.Put(t.Context(), store, "forever", []byte("x"), 0, succeeded); !stored || err != nil {
			t.Error(stored, err)
		}
		lifetime(t, store, "forever", 0, 0)
	})
}

func lifetime(t *testing.T, store driver.Store, key string, from, to time.Duration) {
	t.Helper()
	found, err := store.(driver.Inspector).Inspect(t.Context(), []string{key})
	if info, there := found[key]; err != nil || !there || info.TTL < from || info.TTL > to {
		t.Errorf("Inspect = %v, %v", found, err)
	}
}

// TestPublished: who listens is told of every value that is stored, and of none that is not.
func TestPublished(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		stores := open(t, 2)
		n, ok := stores[1].(driver.Notifier)
		if !ok {
			return // nobody can listen
		}
		told := make(chan string, 100)
		sub, err := n.Subscribe(t.Context(), []string{"key"}, func(m driver.Message) { told <- string(m.Value) })
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Stop()
		for _, value := range []string{"STARTED", "SUCCESS", "late", "SUCCESS again"} {
			mustPut(t, stores[0], "key", value)
		}
		mustPut(t, stores[0], "key", "STARTED")
		if ok, err := stores[0].Delete(t.Context(), "key"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		mustPut(t, stores[0], "key", "at last")
		for _, want := range []string{"STARTED", "SUCCESS", "at last"} {
			select {
			case got := <-told:
				if got != want {
					t.Errorf("told of %q and not of %q", got, want)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("nobody told of %q", want)
			}
		}
	})
}

// TestPutIsAMap: alone, it does what a map with a rule does.
func TestPutIsAMap(t *testing.T) {
	store := enginetest.Memory(t, 1)[0]
	rapid.Check(t, func(t *rapid.T) {
		if _, err := store.(driver.Clearer).ClearAll(context.Background()); err != nil {
			t.Fatal(err)
		}
		model := map[string]string{}
		value := rapid.StringMatching(`(SUCCESS|STARTED|)[ab]?`)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k, v := rapid.StringMatching(`[kl]`).Draw(t, "key"), value.Draw(t, "value")
				want := !strings.HasPrefix(model[k], "SUCCESS")
				if stored, err := keystore.Put(context.Background(), store, k, []byte(v), 0, succeeded); stored != want || err != nil {
					t.Fatalf("Put = %v, %v", stored, err)
				}
				if want {
					model[k] = v
				}
			},
			"delete": func(t *rapid.T) {
				k := rapid.StringMatching(`[kl]`).Draw(t, "key")
				if _, err := store.Delete(context.Background(), k); err != nil {
					t.Fatal(err)
				}
				delete(model, k)
			},
			"": func(t *rapid.T) {
				for k, want := range model {
					if v, err := store.Get(context.Background(), k); err != nil || string(v) != want {
						t.Fatalf("%q is %q, %v and not %q", k, v, err, want)
					}
				}
			},
		})
	})
}

// TestTooLarge: the error is the engine's, and what was there stays.
func TestTooLarge(t *testing.T) {
	store, large := enginetest.Memcached(t, 1)[0], make([]byte, 2<<20)
	for _, there := range []string{"", "STARTED"} {
		if there != "" {
			mustPut(t, store, "key", there)
		}
		if stored, err := keystore.Put(t.Context(), store, "key", large, 0, succeeded); stored || !errors.Is(err, driver.ErrTooLarge) {
			t.Errorf("Put = %v, %v", stored, err)
		}
	}
	if there := enginetest.Get(t, store, "key"); there != "STARTED" {
		t.Errorf("%q is there", there)
	}
}

// TestUnreadable: what is no value at all is replaced, and final is not asked. TestLostRace has what is stored in its
// place meanwhile.
func TestUnreadable(t *testing.T) {
	for name, open := range map[string]enginetest.Open{"redis": enginetest.Redis, "memcached": enginetest.Memcached} {
		t.Run(name, func(t *testing.T) {
			store := open(t, 1)[0]
			enginetest.MakeUnreadable(t, store, "key")
			stored, err := keystore.Put(t.Context(), store, "key", []byte("x"), 0, func([]byte) bool {
				t.Error("final is asked")
				return false
			})
			if there := enginetest.Get(t, store, "key"); !stored || err != nil || there != "x" {
				t.Errorf("Put = %v, %v, and %q is there", stored, err, there)
			}
		})
	}
}

// TestEndlessLoser: who never wins tries less and less often, and ends with his context.
func TestEndlessLoser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &loser{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		stored, err := keystore.Put(ctx, store, "key", nil, 0, succeeded)
		if stored || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Put = %v, %v", stored, err)
		}
		if n := store.tries; n < 1000 || n > 6000 {
			t.Errorf("%d attempts in a minute", n)
		}
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		store.tries = 0
		if _, err := keystore.Put(canceled, store, "key", nil, 0, succeeded); !errors.Is(err, context.Canceled) || store.tries > 0 {
			t.Errorf("%v after %d attempts", err, store.tries)
		}
	})
}

// loser is a store whose entries others are always quicker to write.
type loser struct {
	driver.Store
	tries int
}

func (l *loser) GetVersion(context.Context, string) ([]byte, driver.Version, error) {
	return nil, 1, nil
}

func (l *loser) Swap(context.Context, string, driver.Version, []byte, time.Duration) (bool, error) {
	l.tries++
	return false, nil
}

func (l *loser) Add(context.Context, string, []byte, time.Duration) (bool, error) { return false, nil }

// TestUnsupported: an engine that cannot do it in one step is told from the start, and is not asked. One that
// can, but cannot publish (an old server), stores without.
func TestUnsupported(t *testing.T) {
	store := enginetest.Memory(t, 1)[0]
	for name, narrow := range map[string]driver.Store{
		"a store only": struct{ driver.Store }{store},
		"no Adder": struct {
			driver.Store
			driver.Swapper
		}{store, store.(driver.Swapper)},
		"no Swapper": struct {
			driver.Store
			driver.Adder
			driver.Notifier
		}{store, store.(driver.Adder), store.(driver.Notifier)},
	} {
		stored, err := keystore.Put(t.Context(), narrow, "key", nil, 0, succeeded)
		if stored || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: Put = %v, %v", name, stored, err)
		}
	}
	if there := enginetest.Get(t, store, "key"); there != driver.ErrMiss.Error() {
		t.Errorf("%q is there", there)
	}
	declining := &declining{capable: store.(capable)}
	mustPut(t, declining, "key", "STARTED")
	mustPut(t, declining, "key", "SUCCESS")
	if declining.asked != 2 || enginetest.Get(t, store, "key") != "SUCCESS" {
		t.Error(declining.asked, enginetest.Get(t, store, "key"))
	}
}

// capable is what the engines have that can be written to in one step.
type capable interface {
	driver.Store
	driver.Swapper
	driver.Adder
}

// declining is a Notifier that finds out that it is none.
type declining struct {
	capable
	driver.Notifier
	asked int
}

func (d *declining) SetNotify(context.Context, string, []byte, time.Duration) error {
	return errors.ErrUnsupported
}

func (d *declining) SwapNotify(context.Context, string, driver.Version, []byte, time.Duration) (bool, error) {
	d.asked++
	return false, errors.ErrUnsupported
}

// TestFaultsPass: an error of the engine ends it.
func TestFaultsPass(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		store := open(t, 1)[0]
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if stored, err := keystore.Put(t.Context(), store, "key", nil, 0, succeeded); stored || !errors.Is(err, driver.ErrClosed) {
			t.Errorf("Put = %v, %v", stored, err)
		}
	})
	unversioned := &unversioned{}
	if stored, err := keystore.Put(t.Context(), unversioned, "key", nil, 0, succeeded); stored || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an entry without a version: Put = %v, %v", stored, err)
	}
}

// unversioned breaks the rule that an entry has a version.
type unversioned struct{ loser }

func (*unversioned) GetVersion(context.Context, string) ([]byte, driver.Version, error) {
	return nil, nil, nil
}
