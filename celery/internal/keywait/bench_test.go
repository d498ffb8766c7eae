package keywait_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/testproc"
)

// writes is how many values a second BenchmarkLatency stores: its load.
const writes = 200

// BenchmarkLatency: how long after a value has begun to be stored the one who waits for it is told, while 200
// values are stored a second by another store. Each value has a key of its own, which is waited for from the
// moment that another one was told of, so that there are always as many who wait: with 100 waiters each has
// waited for half a second, with 1,000 for 5 seconds.
func BenchmarkLatency(b *testing.B) {
	db := enginetest.RedisServer.FreshDB()
	for name, open := range map[string]func() driver.Store{
		"redis":     func() driver.Store { return enginetest.DialRedis(b, enginetest.RedisServer.Addr(), db) },
		"memcached": func() driver.Store { return enginetest.DialMemcached(b, enginetest.MemcachedServer.Addr()) },
	} {
		for _, waiters := range []int{1, 100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", name, waiters), func(b *testing.B) {
				if err := enginetest.MemcachedServer.Flush(); err != nil {
					b.Fatal(err)
				}
				enginetest.RedisServer.MustDo(b, "FLUSHALL")
				latency(b, open(), open(), waiters)
			})
		}
	}
}

func latency(b *testing.B, reader, writer driver.Store, waiters int) {
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	w := keywait.New(reader, keywait.Options{})
	defer w.Close()
	took := make([]time.Duration, b.N)
	var all sync.WaitGroup
	wait := func(i int) {
		all.Go(func() {
			err := w.Watch(ctx, []string{fmt.Sprint("key", i)}, func(_ string, value []byte, _ error) bool {
				took[i] = time.Since(time.Unix(0, int64(binary.BigEndian.Uint64(value))))
				return true
			})
			if err != nil {
				b.Error(err)
			}
		})
	}
	for i := range min(waiters, b.N) {
		wait(i)
	}
	next := time.Now()
	for i := range b.N {
		next = next.Add(time.Duration(rand.ExpFloat64() * float64(time.Second/writes)))
		time.Sleep(time.Until(next)) // the load: values come at random
		value := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano()))
		if err := enginetest.Store(b.Context(), writer, fmt.Sprint("key", i), string(value)); err != nil {
			b.Fatal(err)
		}
		if i+waiters < b.N {
			wait(i + waiters)
		}
	}
	all.Wait()
	slices.Sort(took)
	report := func(unit string, d time.Duration) { b.ReportMetric(float64(d)/float64(time.Millisecond), unit) }
	report("ms-median", took[len(took)/2])
	report("ms-p99", took[len(took)*99/100])
	report("ms-max", took[len(took)-1])
	b.ReportMetric(0, "ns/op")
}

// BenchmarkIdle: what 10,000 who wait cost while nothing happens, in thousandths of one core of this process.
func BenchmarkIdle(b *testing.B) {
	db := enginetest.RedisServer.FreshDB()
	for name, open := range map[string]func() driver.Store{
		"redis":     func() driver.Store { return enginetest.DialRedis(b, enginetest.RedisServer.Addr(), db) },
		"memcached": func() driver.Store { return enginetest.DialMemcached(b, enginetest.MemcachedServer.Addr()) },
	} {
		b.Run(name, func(b *testing.B) {
			w := keywait.New(open(), keywait.Options{})
			ctx, cancel := context.WithCancel(b.Context())
			var all sync.WaitGroup
			for i := range crowd {
				all.Go(func() {
					_ = w.Watch(ctx, []string{fmt.Sprint("idle", i)}, func(string, []byte, error) bool { return true })
				})
			}
			testproc.Eventually(b, func() error { return none("missing keys", max(0, crowd/2-w.Idle())) })
			time.Sleep(time.Second) // what it costs to begin is over
			began, used := time.Now(), processorTime()
			for range b.N {
				time.Sleep(time.Second)
			}
			b.ReportMetric(1000*float64(processorTime()-used)/float64(time.Since(began)), "millicores")
			b.ReportMetric(0, "ns/op")
			cancel()
			all.Wait()
			w.Close()
		})
	}
}
