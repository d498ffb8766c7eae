package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocache "github.com/go-redis/cache/v9"
	goredis "github.com/redis/go-redis/v9"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis"
)

// BenchmarkNear is a hit of a near copy, beside one of memory:// and one of go-redis/cache's local tier, with the same values.
func BenchmarkNear(b *testing.B) {
	k := newKeys(redisKeys)
	for _, size := range sizes {
		value := func(i int) page { p := size.page; p.ID = int64(i); return p }
		mem := larder.Of[page](openMemory(b, ""), "user:")
		fill(b, mem, k, value)
		near := larder.Of[page](open(b, "redis://"+redisServer(b).Addr()+"?key_prefix=shop&version=2&ttl=1h&near=100000"), "user:")
		fill(b, near, k, value)
		settleNear(b, near, k)
		clients := []struct {
			name string
			get  func(ctx context.Context, i int) (page, error)
		}{
			{"memory", func(ctx context.Context, i int) (page, error) { return mem.Get(ctx, k.short[i]) }},
			{"near", func(ctx context.Context, i int) (page, error) { return near.Get(ctx, k.short[i]) }},
			{"go-redis-cache", localTier(b, k, value)},
		}
		for _, how := range []string{"alone", "parallel"} {
			for _, client := range clients {
				b.Run(fmt.Sprintf("%s/size=%s/client=%s", how, size.name, client.name), func(b *testing.B) {
					ctx := b.Context()
					hit := func(i int) {
						if p, err := client.get(ctx, i); err != nil || p.ID != int64(i) {
							b.Error(p.ID, err)
						}
					}
					if how == "alone" {
						loop(b, redisKeys, hit)
					} else {
						parallel(b, 1, redisKeys, hit)
					}
				})
			}
		}
	}
}

// settleNear reads until all is near: what this process has written is told to it too, and drops what it has read meanwhile.
func settleNear(b *testing.B, v *larder.View[page], k keys) {
	b.Helper()
	for range 3 {
		time.Sleep(driver.AliveWithin)
		for _, key := range k.short {
			_, err := v.Get(b.Context(), key)
			must(b, err)
		}
	}
}

// localTier is go-redis/cache with everything in its TinyLFU.
func localTier(b *testing.B, k keys, value func(int) page) func(ctx context.Context, i int) (page, error) {
	b.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: redisServer(b).Addr()})
	b.Cleanup(func() { must(b, client.Close()) })
	c := gocache.New(&gocache.Options{Redis: client, LocalCache: gocache.NewTinyLFU(100_000, time.Hour)})
	names := make([]string, len(k.full))
	for i, key := range k.full {
		names[i] = "local:" + key
		must(b, c.Set(&gocache.Item{Ctx: b.Context(), Key: names[i], Value: value(i), TTL: ttl}))
	}
	return func(ctx context.Context, i int) (p page, err error) {
		err = c.Get(ctx, names[i], &p)
		return p, err
	}
}

// writesEach is how many writes a second another process makes, for so long.
const (
	writesEach     = 10_000
	writesFor      = 5 * time.Second
	writerVariable = "LARDER_BENCH_WRITER"
	latencyPrefix  = "latency:"
)

// BenchmarkInvalidation measures the time from before a write in one process until another one has been told of it.
func BenchmarkInvalidation(b *testing.B) {
	for range b.N {
		s, err := redis.Open(b.Context(), redis.Options{Addresses: []string{redisServer(b).Addr()}})
		must(b, err)
		var mu sync.Mutex
		var took []time.Duration
		stop, err := s.Watch(b.Context(), latencyPrefix, func(e driver.Event) {
			if e.Kind != driver.Changed {
				return
			}
			moment, _, _ := strings.Cut(strings.TrimPrefix(e.Key, latencyPrefix), "-")
			sent, err := strconv.ParseInt(moment, 10, 64)
			must(b, err)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Duration(time.Now().UnixNano()-sent))
		})
		must(b, err)
		writes := runWriter(b)
		time.Sleep(driver.AliveWithin)
		stop()
		must(b, s.Close())
		slices.Sort(took)
		if len(took) < writes {
			b.Errorf("%d writes, %d of them told", writes, len(took))
		}
		b.ReportMetric(float64(writes)/writesFor.Seconds(), "writes/s")
		for name, at := range map[string]float64{"p50-us": 0.5, "p99-us": 0.99, "p99.9-us": 0.999, "max-us": 1} {
			b.ReportMetric(float64(took[min(int(at*float64(len(took))), len(took)-1)].Microseconds()), name)
		}
	}
}

// runWriter starts the other process, and returns how many writes it has made.
func runWriter(b *testing.B) int {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), writerVariable+"="+redisServer(b).Addr())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	must(b, err)
	_, _ = io.Copy(io.Discard, out)
	must(b, cmd.Wait())
	n, err := strconv.Atoi(strings.TrimSpace(line))
	must(b, err)
	return n
}

// write is the other process: it writes evenly, keys that say when.
func write(addr string) error {
	s, err := redis.Open(context.Background(), redis.Options{Addresses: []string{addr}})
	if err != nil {
		return err
	}
	due := make(chan int, writesEach)
	errs := make(chan error, 64)
	for range cap(errs) {
		go func() {
			var err error
			for n := range due { // two writes of one moment would be told of as one
				key := latencyPrefix + strconv.FormatInt(time.Now().UnixNano(), 10) + "-" + strconv.Itoa(n)
				if e := s.Set(context.Background(), key, []byte("1"), time.Minute); e != nil {
					err = e
				}
			}
			errs <- err
		}()
	}
	n := 0
	for began := time.Now(); time.Since(began) < writesFor; time.Sleep(200 * time.Microsecond) {
		for ; n < int(time.Since(began).Seconds()*writesEach); n++ {
			due <- n
		}
	}
	close(due)
	for range cap(errs) {
		if e := <-errs; e != nil {
			err = e
		}
	}
	fmt.Println(n)
	return err
}
