// Package enginetest runs tests on every engine that results are stored on, with servers that the tests of a binary
// share.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/memcached"
	"github.com/larder-go/larder/memory"
	"github.com/larder-go/larder/redis"
	"github.com/larder-go/larder/sqlite"
)

// The servers that Main starts.
var (
	RedisServer     *redistest.Server
	MemcachedServer *memcachetest.Server
)

// Main runs the tests of a package and returns the code to exit with: not 0 if a goroutine is left, too.
func Main(m *testing.M) int {
	code, err := run(m)
	if err == nil {
		err = goleak.Find(goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*call).DelayDo.func1")) // it sleeps for a second
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

func run(m *testing.M) (code int, err error) {
	var stop func()
	if RedisServer, stop, err = redistest.StartMain(); err != nil {
		return 1, err
	}
	defer stop()
	if MemcachedServer, stop, err = memcachetest.StartMain(); err != nil {
		return 1, err
	}
	defer stop()
	return m.Run(), nil
}

// Open opens n stores on the same data that is empty, each with connections of its own.
type Open func(t testing.TB, n int) []driver.Store

// Each runs a test on every engine.
func Each(t *testing.T, test func(t *testing.T, open Open)) {
	for name, open := range map[string]Open{"memory": Memory, "sqlite": SQLite, "redis": Redis, "memcached": Memcached} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// Memory opens stores within this process.
func Memory(t testing.TB, n int) []driver.Store {
	t.Helper()
	store, err := memory.New(memory.Options{})
	stores := []driver.Store{Closing(t, store, err)}
	for len(stores) < n {
		stores = append(stores, store)
	}
	return stores
}

// SQLite opens stores on a new file.
func SQLite(t testing.TB, n int) (stores []driver.Store) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "results.db")
	for range n {
		store, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		stores = append(stores, Closing(t, store, err))
	}
	return stores
}

// Redis opens stores on a database of RedisServer that no other test has.
func Redis(t testing.TB, n int) (stores []driver.Store) {
	t.Helper()
	db := RedisServer.FreshDB()
	for range n {
		stores = append(stores, DialRedis(t, RedisServer.Addr(), db))
	}
	return stores
}

// Memcached empties MemcachedServer, and opens stores on it.
func Memcached(t testing.TB, n int) (stores []driver.Store) {
	t.Helper()
	if err := MemcachedServer.Flush(); err != nil {
		t.Fatal(err)
	}
	for range n {
		stores = append(stores, DialMemcached(t, MemcachedServer.Addr()))
	}
	return stores
}

// DialRedis opens a store on a server that may have a proxy before it.
func DialRedis(t testing.TB, addr string, db int) driver.Store {
	t.Helper()
	store, err := redis.Open(t.Context(), redis.Options{Addresses: []string{addr}, DB: db})
	return Closing(t, store, err)
}

// DialMemcached opens a store on servers that may have proxies before them.
func DialMemcached(t testing.TB, addrs ...string) driver.Store {
	t.Helper()
	store, err := memcached.Open(t.Context(), memcached.Options{Addresses: addrs})
	return Closing(t, store, err)
}

// Closing returns a store that was opened and is closed with the test, which fails if err is not nil.
func Closing(t testing.TB, store driver.Store, err error) driver.Store {
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

// Store stores a value whatever is there, and publishes it where the engine can.
func Store(ctx context.Context, store driver.Store, key, value string) error {
	if n, ok := store.(driver.Notifier); ok {
		if err := n.SetNotify(ctx, key, []byte(value), time.Hour); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return store.Set(ctx, key, []byte(value), time.Hour)
}

// Get returns what is there, or the text of the error.
func Get(t testing.TB, store driver.Store, key string) string {
	t.Helper()
	value, err := store.Get(context.Background(), key)
	if err != nil {
		return err.Error()
	}
	return string(value)
}

// MakeUnreadable puts something at key that the engine cannot read as a value: the server has it, but it is of another
// kind or another program's. Only on the servers that Main has started.
func MakeUnreadable(t testing.TB, store driver.Store, key string) {
	t.Helper()
	c, ok := store.(driver.Collector)
	if !ok {
		MemcachedServer.MustAsk(t, "set "+key+" 1 0 3\r\nodd") // flags that say pickled
		return
	}
	collection := driver.Collection{Members: key, Counts: [2]string{key + ".s", key + ".t"}}
	if _, err := c.Collect(t.Context(), collection, 0, []byte("member"), 0); err != nil {
		t.Fatal(err)
	}
}
