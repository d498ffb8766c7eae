package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	gocache "github.com/go-redis/cache/v9"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/internal/redistest"
	_ "github.com/larder-go/larder/redis"
)

// TestMain ends the server that benchmarks share.
func TestMain(m *testing.M) {
	if addr := os.Getenv(writerVariable); addr != "" {
		if err := write(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	stopRedis()
	os.Exit(code)
}

var (
	stopRedis = func() {}
	redisOnce = sync.OnceValues(func() (*redistest.Server, error) {
		s, stop, err := redistest.StartMain()
		if err == nil {
			stopRedis = stop
		}
		return s, err
	})
)

func redisServer(tb testing.TB) *redistest.Server {
	tb.Helper()
	s, err := redisOnce()
	must(tb, err)
	return s
}

// page is a value of about as many bytes of JSON as its name says.
type page struct {
	ID    int64
	Title string
	Body  string
}

var sizes = []struct {
	name string
	page page
}{
	{"100B", page{ID: 4711, Title: "Notes by the translator", Body: strings.Repeat("engine ", 5)}},
	{"1KiB", page{ID: 4711, Title: "Notes by the translator", Body: strings.Repeat("engine ", 138)}},
}

// remote is one way to reach the server.
type remote struct {
	name string
	get  func(ctx context.Context, i int) error
	set  func(ctx context.Context, i int, p page) error
}

// rueidisOptions are those that larder gives, where they concern speed.
func rueidisOptions(addresses ...string) rueidis.ClientOption {
	return rueidis.ClientOption{InitAddress: addresses, PipelineMultiplex: -1}
}

func larderRemote(tb testing.TB, k keys) remote {
	tb.Helper()
	cache := open(tb, "redis://"+redisServer(tb).Addr()+"?key_prefix=shop&version=2&ttl=1h")
	// A cache that has just been opened does not know yet what other processes are loading: for two seconds Set has a second
	// command. That is over when a program does what is measured here.
	time.Sleep(3 * time.Second)
	view := larder.Of[page](cache, "user:")
	return remote{
		"larder",
		func(ctx context.Context, i int) error { _, err := view.Get(ctx, k.short[i]); return err },
		func(ctx context.Context, i int, p page) error { return view.Set(ctx, k.short[i], p) },
	}
}

func rueidisRemote(tb testing.TB, k keys) remote {
	tb.Helper()
	c, err := rueidis.NewClient(rueidisOptions(redisServer(tb).Addr()))
	must(tb, err)
	tb.Cleanup(c.Close)
	return remote{
		"rueidis",
		func(ctx context.Context, i int) error {
			data, err := c.Do(ctx, c.B().Get().Key(k.full[i]).Build()).AsBytes()
			return errors.Join(err, decode(data))
		},
		func(ctx context.Context, i int, p page) error {
			data, err := json.Marshal(p)
			set := c.B().Set().Key(k.full[i]).Value(rueidis.BinaryString(data)).PxMilliseconds(ttl.Milliseconds()).Build()
			return errors.Join(err, c.Do(ctx, set).Error())
		},
	}
}

func goRedisRemote(tb testing.TB, k keys) remote {
	tb.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: redisServer(tb).Addr()})
	tb.Cleanup(func() { must(tb, c.Close()) })
	return remote{
		"go-redis",
		func(ctx context.Context, i int) error {
			data, err := c.Get(ctx, k.full[i]).Bytes()
			return errors.Join(err, decode(data))
		},
		func(ctx context.Context, i int, p page) error {
			data, err := json.Marshal(p)
			return errors.Join(err, c.Set(ctx, k.full[i], data, ttl).Err())
		},
	}
}

// goCacheRemote is go-redis/cache without its local tier, with JSON.
func goCacheRemote(tb testing.TB, k keys) remote {
	tb.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: redisServer(tb).Addr()})
	tb.Cleanup(func() { must(tb, client.Close()) })
	c := gocache.New(&gocache.Options{Redis: client, Marshal: json.Marshal, Unmarshal: json.Unmarshal})
	return remote{
		"go-redis-cache",
		func(ctx context.Context, i int) error { var p page; return c.Get(ctx, k.full[i], &p) },
		func(ctx context.Context, i int, p page) error {
			return c.Set(&gocache.Item{Ctx: ctx, Key: k.full[i], Value: p, TTL: ttl})
		},
	}
}

func decode(data []byte) error {
	var p page
	return json.Unmarshal(data, &p)
}

const redisKeys = 1000

// BenchmarkRedis compares typed Get and Set with what programs call by hand, from 1, 16 and 256 goroutines.
func BenchmarkRedis(b *testing.B) {
	k, ctx := newKeys(redisKeys), context.Background()
	all := []remote{rueidisRemote(b, k), larderRemote(b, k), goRedisRemote(b, k), goCacheRemote(b, k)}
	for _, size := range sizes {
		for i := range redisKeys {
			must(b, all[0].set(ctx, i, size.page))
		}
		for _, n := range []int{1, 16, 256} {
			for _, r := range all {
				b.Run(fmt.Sprintf("Get/size=%s/goroutines=%d/client=%s", size.name, n, r.name), func(b *testing.B) {
					fromGoroutines(b, n, redisKeys, func(i int) error { return r.get(ctx, i) })
				})
			}
			for _, r := range all {
				b.Run(fmt.Sprintf("Set/size=%s/goroutines=%d/client=%s", size.name, n, r.name), func(b *testing.B) {
					fromGoroutines(b, n, redisKeys, func(i int) error { return r.set(ctx, i, size.page) })
				})
			}
		}
	}
}

// BenchmarkRedisGetMany reads 100 keys, from one server and from a cluster of three.
func BenchmarkRedisGetMany(b *testing.B) {
	single := redisServer(b).Addr()
	getMany(b, "single", "redis://"+single, rueidisOptions(single))
	cluster := redistest.StartCluster(b, 3, 0)
	getMany(b, "cluster", cluster.URL(), rueidisOptions(cluster.Addrs()...))
}

func getMany(b *testing.B, name, url string, o rueidis.ClientOption) {
	b.Helper()
	k, ctx := newKeys(batch), context.Background()
	view := larder.Of[[]byte](open(b, url+"?key_prefix=shop&version=2&codec=raw"), "user:")
	values := map[string][]byte{}
	for _, key := range k.short {
		values[key] = make([]byte, valueSize)
	}
	must(b, view.SetMany(ctx, values))
	c, err := rueidis.NewClient(o)
	must(b, err)
	b.Cleanup(c.Close)
	ways := []struct {
		name string
		get  func() (int, error)
	}{
		{"rueidis", func() (int, error) { m, err := rueidis.MGet(c, ctx, k.full); return len(m), err }},
		{"rueidis-values", func() (int, error) { return taken(ctx, c, k.full) }},
		{"rueidis-pipelined", func() (int, error) { return pipelined(ctx, c, k.full) }},
		{"larder", func() (int, error) { m, err := view.GetMany(ctx, k.short); return len(m), err }},
	}
	for _, n := range []int{1, 16} {
		for _, way := range ways {
			b.Run(fmt.Sprintf("servers=%s/goroutines=%d/client=%s", name, n, way.name), func(b *testing.B) {
				fromGoroutines(b, n, 1, func(int) error {
					if got, err := way.get(); err != nil || got != batch {
						return fmt.Errorf("%d values, %w", got, err)
					}
					return nil
				})
			})
		}
	}
}

// taken is rueidis' MGet with what larder's raw codec does: each value is the caller's own.
func taken(ctx context.Context, c rueidis.Client, keys []string) (int, error) {
	messages, err := rueidis.MGet(c, ctx, keys)
	if err != nil {
		return 0, err
	}
	found := make(map[string][]byte, len(keys))
	for key, message := range messages {
		data, err := message.AsBytes()
		if err != nil {
			return 0, err
		}
		found[key] = bytes.Clone(data)
	}
	return len(found), nil
}

// pipelined is a GET for each key, in one round trip to each server.
func pipelined(ctx context.Context, c rueidis.Client, keys []string) (int, error) {
	cmds := make(rueidis.Commands, len(keys))
	for i, key := range keys {
		cmds[i] = c.B().Get().Key(key).Build()
	}
	found := make(map[string][]byte, len(keys))
	for i, reply := range c.DoMulti(ctx, cmds...) {
		data, err := reply.AsBytes()
		if err != nil {
			return 0, err
		}
		found[keys[i]] = data
	}
	return len(found), nil
}
