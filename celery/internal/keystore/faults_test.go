package keystore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keystore"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/testproc"
)

// behind runs a test with a store whose connections lead through a proxy, and one on the same data that has none.
func behind(t *testing.T, test func(t *testing.T, proxy *faultproxy.Proxy, store, direct driver.Store)) {
	t.Run("redis", func(t *testing.T) {
		addr, db := enginetest.RedisServer.Addr(), enginetest.RedisServer.FreshDB()
		proxy := faultproxy.New(t, "tcp", addr)
		test(t, proxy, enginetest.DialRedis(t, proxy.Addr(), db), enginetest.DialRedis(t, addr, db))
	})
	t.Run("memcached", func(t *testing.T) {
		direct := enginetest.Memcached(t, 1)[0]
		proxy := faultproxy.New(t, "tcp", enginetest.MemcachedServer.Addr())
		test(t, proxy, enginetest.DialMemcached(t, proxy.Addr()), direct)
	})
}

// TestLostAnswer: connections are cut while answers come back, or before anything is stored. Who is told that he has stored a success has, who is told
// that he has not has not, and whatever an error leaves open, the one that is there stays.
func TestLostAnswer(t *testing.T) {
	behind(t, func(t *testing.T, proxy *faultproxy.Proxy, store, direct driver.Store) {
		var lost, kept int
		for round := range 200 {
			key := fmt.Sprint("lost", round)
			if round%2 == 0 {
				mustPut(t, direct, key, "STARTED")
			}
			testproc.Eventually(t, func() error { return alive(store) })
			first := store
			if round%4 < 3 {
				proxy.CutAfter(rand.IntN(60))
			} else { // what is to be stored does not even leave
				first = slowed(store, func() { proxy.Refuse(true); proxy.Cut() })
			}
			stored, err := keystore.Put(t.Context(), first, key, []byte("SUCCESS first"), time.Hour, succeeded)
			proxy.Heal()
			second := mustPut(t, direct, key, "SUCCESS second")
			there := enginetest.Get(t, direct, key)
			if want := map[bool]string{true: "SUCCESS second", false: "SUCCESS first"}[second]; there != want {
				t.Fatalf("%s: %q is there and not %q", key, there, want)
			}
			if stored && second || err == nil && stored == second {
				t.Fatalf("%s: the first is told %v, %v, the second %v", key, stored, err, second)
			}
			switch {
			case err != nil && second:
				lost++
			case err != nil:
				kept++
			}
		}
		if lost == 0 || kept == 0 {
			t.Errorf("of those with an error %d were lost and %d were stored: the cuts are always at the same place", lost, kept)
		}
	})
}

// alive makes sure that a store has a connection.
func alive(store driver.Store) error {
	if _, err := store.Get(context.Background(), "absent"); !errors.Is(err, driver.ErrMiss) {
		return err
	}
	return nil
}

// TestDelayedWrite: a write that was given up, and reaches the server when a success has been stored, changes nothing.
func TestDelayedWrite(t *testing.T) {
	behind(t, func(t *testing.T, proxy *faultproxy.Proxy, store, direct driver.Store) {
		for name, begin := range beginnings {
			t.Run(name, func(t *testing.T) {
				if _, err := direct.Delete(t.Context(), "key"); err != nil {
					t.Fatal(err)
				}
				begin(t, direct)
				testproc.Eventually(t, func() error { return alive(store) })
				ctx, cancel := context.WithCancel(t.Context())
				freeze := sync.OnceFunc(func() {
					proxy.Freeze(true)
					time.AfterFunc(50*time.Millisecond, cancel) // the write is on its way
				})
				stored, err := keystore.Put(ctx, slowed(store, freeze), "key", []byte("STARTED"), time.Hour, succeeded)
				if stored || !errors.Is(err, context.Canceled) {
					t.Errorf("Put = %v, %v", stored, err)
				}
				mustPut(t, direct, "key", "SUCCESS")
				proxy.Heal()
				testproc.Eventually(t, func() error { return alive(store) })
				if there := enginetest.Get(t, direct, "key"); there != "SUCCESS" {
					t.Errorf("%q is there", there)
				}
			})
		}
	})
}

// TestCloseMeanwhile: a Put ends when its store is closed, also while the server does not answer, and says so.
func TestCloseMeanwhile(t *testing.T) {
	behind(t, func(t *testing.T, proxy *faultproxy.Proxy, store, _ driver.Store) {
		testproc.Eventually(t, func() error { return alive(store) })
		proxy.Freeze(true)
		defer proxy.Heal()
		ended := make(chan error)
		go func() {
			_, err := keystore.Put(context.Background(), store, "key", []byte("x"), 0, succeeded)
			ended <- err
		}()
		time.Sleep(20 * time.Millisecond) // it may be under way, or not: both have to end
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		select {
		case err := <-ended:
			if !errors.Is(err, driver.ErrClosed) {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it does not end")
		}
	})
}
