package keywait_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/memcached"
	"github.com/larder-go/larder/memory"
	"github.com/larder-go/larder/redis"
	"github.com/larder-go/larder/sqlite"
)

var (
	redisServer     *redistest.Server
	memcachedServer *memcachetest.Server
)

func TestMain(m *testing.M) {
	var stops [2]func()
	var errs [2]error
	redisServer, stops[0], errs[0] = redistest.StartMain()
	memcachedServer, stops[1], errs[1] = memcachetest.StartMain()
	code := 1
	if err := errors.Join(errs[:]...); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	for i, stop := range stops {
		if errs[i] == nil {
			stop()
		}
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// engine opens n stores on the same data that is empty, each with connections of its own.
type engine func(t *testing.T, n int) []driver.Store

// each runs a test on every engine.
func each(t *testing.T, test func(t *testing.T, open engine)) {
	for name, open := range map[string]engine{
		"memory": openMemory, "sqlite": openSQLite, "redis": openRedis, "memcached": openMemcached,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

func closing(t testing.TB, store driver.Store, err error) driver.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func openMemory(t *testing.T, n int) []driver.Store {
	store, err := memory.New(memory.Options{})
	stores := []driver.Store{closing(t, store, err)}
	for len(stores) < n {
		stores = append(stores, store)
	}
	return stores
}

func openSQLite(t *testing.T, n int) (stores []driver.Store) {
	path := filepath.Join(t.TempDir(), "results.db")
	for range n {
		store, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		stores = append(stores, closing(t, store, err))
	}
	return stores
}

func openRedis(t *testing.T, n int) (stores []driver.Store) {
	db := redisServer.FreshDB()
	for range n {
		stores = append(stores, dialRedis(t, redisServer.Addr(), db))
	}
	return stores
}

func openMemcached(t *testing.T, n int) (stores []driver.Store) {
	if err := memcachedServer.Flush(); err != nil {
		t.Fatal(err)
	}
	for range n {
		stores = append(stores, dialMemcached(t, memcachedServer.Addr()))
	}
	return stores
}

func dialMemcached(t testing.TB, addr string) driver.Store {
	store, err := memcached.Open(t.Context(), memcached.Options{Addresses: []string{addr}})
	return closing(t, store, err)
}

func dialRedis(t testing.TB, addr string, db int) driver.Store {
	store, err := redis.Open(t.Context(), redis.Options{Addresses: []string{addr}, DB: db})
	return closing(t, store, err)
}
