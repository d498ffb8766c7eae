package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	grafana "github.com/grafana/gomemcache/memcache"

	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached"
)

// memcachedClient is what all clients have.
type memcachedClient struct {
	name    string
	get     func(key string) ([]byte, error)
	set     func(key string, value []byte) error
	getMany func(keys []string) (int, error)
}

// memcachedClients are connected to one server. The peers keep a connection for each goroutine that the benchmarks have: by default it
// is two, and they would dial all the time.
func memcachedClients(b *testing.B) []memcachedClient {
	addr := memcachetest.Start(b).Addr()
	store, err := memcached.Open(b.Context(), memcached.Options{Addresses: []string{addr}})
	must(b, err)
	b.Cleanup(func() { _ = store.Close() })
	brad, graf := memcache.New(addr), grafana.New(addr)
	brad.MaxIdleConns, graf.MaxIdleConns = 512, 512
	brad.Timeout, graf.Timeout = 3*time.Second, 3*time.Second
	b.Cleanup(func() { _ = brad.Close(); graf.Close() })
	// A context that may end, as a server's handler has one.
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	return []memcachedClient{
		{"larder", func(key string) ([]byte, error) { return store.Get(ctx, key) },
			func(key string, value []byte) error { return store.Set(ctx, key, value, 0) },
			func(keys []string) (int, error) { r, err := store.GetMany(ctx, keys); return len(r), err }},
		{"gomemcache", func(key string) ([]byte, error) { it, err := brad.Get(key); return valueOrNil(it, err) },
			func(key string, value []byte) error { return brad.Set(&memcache.Item{Key: key, Value: value}) },
			func(keys []string) (int, error) { m, err := brad.GetMulti(keys); return len(m), err }},
		{"grafana", func(key string) ([]byte, error) {
			it, err := graf.Get(key)
			if err != nil {
				return nil, err
			}
			return it.Value, nil
		},
			func(key string, value []byte) error { return graf.Set(&grafana.Item{Key: key, Value: value}) },
			func(keys []string) (int, error) {
				m, err := graf.GetMulti(context.Background(), keys)
				return len(m), err
			}},
	}
}

func valueOrNil(it *memcache.Item, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return it.Value, nil
}

// BenchmarkMemcachedGet reads 1,000 keys, from one goroutine and from many.
func BenchmarkMemcachedGet(b *testing.B) {
	memcachedCalls(b, func(c memcachedClient, key string, value []byte) error {
		got, err := c.get(key)
		if err == nil && len(got) != len(value) {
			return fmt.Errorf("%d bytes", len(got))
		}
		return err
	})
}

// BenchmarkMemcachedSet writes them.
func BenchmarkMemcachedSet(b *testing.B) {
	memcachedCalls(b, func(c memcachedClient, key string, value []byte) error { return c.set(key, value) })
}

func memcachedCalls(b *testing.B, call func(c memcachedClient, key string, value []byte) error) {
	clients := memcachedClients(b)
	keys := memcachedKeys(1000)
	for _, size := range []int{100, 1024} {
		value := make([]byte, size)
		for _, goroutines := range []int{1, 256} {
			for _, c := range clients {
				for _, k := range keys {
					must(b, c.set(k, value))
				}
				b.Run(fmt.Sprintf("bytes=%d/goroutines=%d/client=%s", size, goroutines, c.name), func(b *testing.B) {
					b.ReportAllocs()
					fromMany(b, goroutines, func(i int) error { return call(c, keys[i%len(keys)], value) })
				})
			}
		}
	}
}

func memcachedKeys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("user:profile:%06d", i)
	}
	return keys
}

// fromMany calls b.N times from so many goroutines.
func fromMany(b *testing.B, goroutines int, call func(i int) error) {
	var all sync.WaitGroup
	var next atomic.Int64
	for range goroutines {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := call(int(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkMemcachedGetMany reads keys of 100 bytes together, from one goroutine; ns/op is for all.
func BenchmarkMemcachedGetMany(b *testing.B) {
	clients := memcachedClients(b)
	for _, n := range []int{100, 1000} {
		keys := memcachedKeys(n)
		for _, c := range clients {
			for _, k := range keys {
				must(b, c.set(k, make([]byte, 100)))
			}
			b.Run(fmt.Sprintf("keys=%d/client=%s", n, c.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if got, err := c.getMany(keys); err != nil || got != n {
						b.Fatal(got, err)
					}
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
			})
		}
	}
}
