package celery

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
)

func TestBackendKeepsValues(t *testing.T) {
	kvEach(t, func(t *testing.T, b *Backend) {
		ctx := t.Context()
		if _, err := b.Get(ctx, "k"); err != ErrMiss { //nolint:errorlint // it is promised bare
			t.Errorf("an absent key: %v", err)
		}
		for _, value := range []string{"abc", "\xff\x00", "", "5", "ż", strings.Repeat("x", 700<<10)} {
			if err := b.Set(ctx, "k", []byte(value)); err != nil {
				t.Fatalf("set %d bytes: %v", len(value), err)
			}
			if got, err := b.Get(ctx, "k"); err != nil || string(got) != value {
				t.Errorf("got %d bytes, %v, want %d", len(got), err, len(value))
			}
		}
		if found, err := b.Delete(ctx, "k"); !found || err != nil {
			t.Errorf("delete: %v, %v", found, err)
		}
		if found, err := b.Delete(ctx, "k"); found || err != nil {
			t.Errorf("delete again: %v, %v", found, err)
		}
	})
}

func TestBackendMGetKeepsTheOrder(t *testing.T) {
	kvEach(t, func(t *testing.T, b *Backend) {
		ctx := t.Context()
		var keys []string
		for i := range 100 {
			key := fmt.Sprintf("celery-task-meta-%d", i)
			keys = append(keys, key)
			if i%3 != 0 {
				if err := b.Set(ctx, key, []byte(key)); err != nil {
					t.Fatal(err)
				}
			}
		}
		keys = append(keys, keys[1]) // twice
		entries, err := b.MGet(ctx, keys)
		if err != nil || len(entries) != len(keys) {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		for i, e := range entries {
			if i < 100 && i%3 == 0 {
				if e.Err != ErrMiss { //nolint:errorlint // it is promised bare
					t.Errorf("%s: %v, want a miss", keys[i], e.Err)
				}
			} else if e.Err != nil || string(e.Value) != keys[i] {
				t.Errorf("%s: %q, %v", keys[i], e.Value, e.Err)
			}
		}
		if entries, err := b.MGet(ctx, nil); len(entries) != 0 || err != nil {
			t.Errorf("no keys: %v, %v", entries, err)
		}
	})
}

func TestBackendMGetIsOneRoundTrip(t *testing.T) {
	s := redistest.Start(t)
	b := kvOpen(t, s.URL(0))
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprint("celery-task-meta-", i)
	}
	s.MustDo(t, "CONFIG", "RESETSTAT")
	if _, err := b.MGet(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	if stats := s.MustDo(t, "INFO", "commandstats"); !strings.Contains(stats, "cmdstat_mget:calls=1,") || strings.Contains(stats, "cmdstat_get:") {
		t.Error(stats)
	}
}

func TestBackendIncr(t *testing.T) {
	kvEach(t, func(t *testing.T, b *Backend) {
		ctx := t.Context()
		for want := int64(1); want <= 3; want++ {
			if n, err := b.Incr(ctx, "count"); n != want || err != nil {
				t.Errorf("incr: %d, %v, want %d", n, err, want)
			}
		}
		kvWant(t, b, "words", "abc")
		kvWant(t, b, "most", fmt.Sprint(math.MaxInt64))
		if _, err := b.Incr(ctx, "words"); !errors.Is(err, ErrNotNumber) {
			t.Errorf("a word: %v", err)
		}
		if _, err := b.Incr(ctx, "most"); !errors.Is(err, ErrOverflow) {
			t.Errorf("the largest: %v", err)
		}
		if got, _ := b.Get(ctx, "words"); string(got) != "abc" {
			t.Errorf("what is no number has become %q", got)
		}
	})
}

// kvWant stores a value.
func kvWant(t *testing.T, b *Backend, key, value string) {
	t.Helper()
	if err := b.Set(t.Context(), key, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

// A chord's counter that has been lost and begins again at 1 never reaches the size of the chord.
func TestBackendIncrOfALostChordCounterFails(t *testing.T) {
	for _, prefix := range []string{"", "app"} {
		cfg := Config{ResultBackendTransportOptions: TransportOptions{GlobalKeyPrefix: prefix}}
		for _, engine := range []string{"redis", "memcached2", "memory", "sqlite"} {
			b := kvOpen(t, kvURL(t, engine), configured(cfg))
			key, err := b.key(chordKey, "g")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Incr(t.Context(), key); !errors.Is(err, ErrMiss) {
				t.Errorf("%s: a lost counter: %v", engine, err)
			}
			if _, err := b.Get(t.Context(), key); !errors.Is(err, ErrMiss) {
				t.Errorf("%s: a counter has been made: %v", engine, err)
			}
			kvWant(t, b, key, "0")
			var wait sync.WaitGroup
			for range 20 {
				wait.Go(func() {
					if _, err := b.Incr(t.Context(), key); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			if n, err := b.Incr(t.Context(), key); n != 21 || err != nil {
				t.Errorf("%s: %d, %v, want 21", engine, n, err)
			}
			kvWant(t, b, key, "x")
			if _, err := b.Incr(t.Context(), key); !errors.Is(err, ErrNotNumber) {
				t.Errorf("%s: a word: %v", engine, err)
			}
		}
	}
}

func TestBackendIncrOfAChordKeepsTheLifetime(t *testing.T) {
	s := redistest.Start(t)
	b := kvOpen(t, s.URL(0), WithExpires(time.Hour))
	kvWant(t, b, "chord-unlock-g", "0")
	if _, err := b.Incr(t.Context(), "chord-unlock-g"); err != nil {
		t.Fatal(err)
	}
	if ttl := s.MustDo(t, "TTL", "chord-unlock-g"); ttl != "3600" && ttl != "3599" {
		t.Errorf("the lifetime is %s s", ttl)
	}
}

func TestBackendExpire(t *testing.T) {
	kvEach(t, func(t *testing.T, b *Backend) {
		ctx := t.Context()
		kvWant(t, b, "k", "v")
		for _, seconds := range []int{1000, 0} {
			if found, err := b.Expire(ctx, "k", seconds); !found || err != nil {
				t.Errorf("expire %d: %v, %v", seconds, found, err)
			}
		}
		if got, err := b.Get(ctx, "k"); string(got) != "v" || err != nil {
			t.Errorf("after a lifetime of 0: %q, %v", got, err)
		}
		if found, err := b.Expire(ctx, "absent", 5); found || err != nil {
			t.Errorf("an absent key: %v, %v", found, err)
		}
		for _, seconds := range []int{-1, math.MinInt, math.MaxInt, 101 * 365 * 86400} {
			if _, err := b.Expire(ctx, "k", seconds); !errors.Is(err, ErrBadTTL) {
				t.Errorf("%d seconds: %v", seconds, err)
			}
		}
	})
}

func TestBackendSetPublishes(t *testing.T) {
	for _, engine := range []string{"redis", "memory"} {
		b := kvOpen(t, kvURL(t, engine))
		heard := make(chan driver.Message, 10)
		line, err := b.engine.notify.Subscribe(t.Context(), []string{"k"}, func(m driver.Message) { heard <- m })
		if err != nil {
			t.Fatal(err)
		}
		kvWant(t, b, "k", "v")
		for m := range heard {
			if m.Lost { // may be told at any time
				continue
			}
			if m.Key != "k" || string(m.Value) != "v" {
				t.Errorf("%s: heard %+v", engine, m)
			}
			break
		}
		line.Stop()
	}
}

// What is too large for memcached is an error, and what was there stays: pylibmc loses it, python-memcached
// loses the new value silently.
func TestBackendTooLargeLosesNothing(t *testing.T) {
	b := kvOpen(t, kvURL(t, "memcached"))
	for _, size := range []int{1_048_576, 1_100_000, 3_000_000} {
		for _, old := range []string{"", "old"} {
			key := fmt.Sprint("k", size, old)
			if old != "" {
				kvWant(t, b, key, old)
			}
			if err := b.Set(t.Context(), key, make([]byte, size)); !errors.Is(err, ErrTooLarge) {
				t.Errorf("%d bytes: %v", size, err)
			}
			got, err := b.Get(t.Context(), key)
			if old != "" && string(got) != old || old == "" && !errors.Is(err, ErrMiss) {
				t.Errorf("after %d bytes: %.20q, %v", size, got, err)
			}
		}
	}
	kvWant(t, b, "ok", strings.Repeat("x", 1_000_000))
}

func TestBackendForeignTypes(t *testing.T) {
	s := redistest.Start(t)
	b := kvOpen(t, s.URL(0))
	s.MustDo(t, "RPUSH", "list", "x")
	if _, err := b.Get(t.Context(), "list"); !errors.Is(err, ErrForeign) {
		t.Errorf("a list: %v", err)
	}
	s.MustDo(t, "RPUSH", "chord-unlock-g", "x")
	if _, err := b.Incr(t.Context(), "chord-unlock-g"); !errors.Is(err, ErrNotNumber) {
		t.Errorf("a list as a counter: %v", err)
	}
	m := memcachetest.Start(t)
	c := kvOpen(t, "memcached://"+m.Addr())
	m.MustAsk(t, "set p 1 0 2\r\nN.")
	kvWant(t, c, "q", "v")
	entries, err := c.MGet(t.Context(), []string{"p", "q"})
	if err != nil || !errors.Is(entries[0].Err, ErrForeign) || entries[1].Err != nil {
		t.Errorf("a pickle by its flags: %v, %v", entries, err)
	}
	kvWant(t, c, "p", strings.Repeat("x", largeValue)) // replaced all the same
}

func TestBackendConnectsWhenItIsUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.db")
	b, err := NewBackend(Config{ResultBackend: "sqlite://" + file}, kvQuiet)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := os.Stat(file); err == nil {
		t.Error("it has connected before it was used")
	}
	var client *sql.DB
	if err := b.Client(t.Context(), &client); err != nil || client == nil {
		t.Errorf("client: %v", err)
	}
	var store driver.Store
	if err := b.Client(t.Context(), &store); err != nil || store == nil {
		t.Errorf("store: %v", err)
	}
	if err := b.Client(t.Context(), new(int)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("no client: %v", err)
	}
}

// lateClient is an engine whose client is there once it has connected, as Redis's.
type lateClient struct{ connected bool }

func (c *lateClient) Ping(context.Context) (driver.Server, error) {
	c.connected = true
	return driver.Server{}, nil
}

func (c *lateClient) Unwrap(target any) bool {
	p, ok := target.(**lateClient)
	if ok && c.connected {
		*p = c
	}
	return ok && c.connected
}

func TestClientConnects(t *testing.T) {
	b := kvOpen(t, "memory://")
	late := &lateClient{}
	b.engine.pinger, b.engine.clients = late, late
	var got *lateClient
	if err := b.Client(t.Context(), &got); err != nil || got != late {
		t.Errorf("%v, %v", got, err)
	}
}

// TestOpenNeedsAServer: whoever opens connects, unless the URL says that it may come later.
func TestOpenNeedsAServer(t *testing.T) {
	openers := map[string]func(rawURL string) (io.Closer, error){
		"OpenBackend": func(rawURL string) (io.Closer, error) { return OpenBackend(t.Context(), rawURL, kvQuiet) },
		"Open":        func(rawURL string) (io.Closer, error) { return Open(t.Context(), rawURL, kvQuiet) },
		"OpenConfig": func(rawURL string) (io.Closer, error) {
			return OpenConfig(t.Context(), Config{ResultBackend: rawURL}, kvQuiet)
		},
	}
	for name, opener := range openers {
		for _, rawURL := range []string{"redis://127.0.0.1:1/0", "cache+memcached://127.0.0.1:1/"} {
			if _, err := opener(rawURL); err == nil {
				t.Errorf("%s(%s): opened without a server", name, rawURL)
			}
			c, err := opener(rawURL + "?lazy=true")
			if err != nil {
				t.Errorf("%s: lazy: %v", name, err)
				continue
			}
			_ = c.Close()
		}
	}
}

func TestBackendAfterCloseAndWithAnEndedContext(t *testing.T) {
	kvEach(t, func(t *testing.T, b *Backend) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		kvAllFail(t, ended, b, context.Canceled)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		kvAllFail(t, t.Context(), b, ErrClosed)
	})
}

// kvAllFail tells which method does not fail with want.
func kvAllFail(t *testing.T, ctx context.Context, b *Backend, want error) {
	t.Helper()
	_, err1 := b.Get(ctx, "k")
	_, err2 := b.MGet(ctx, []string{"k"})
	_, err3 := b.Delete(ctx, "k")
	_, err4 := b.Incr(ctx, "k")
	_, err5 := b.Incr(ctx, "chord-unlock-k")
	_, err6 := b.Expire(ctx, "k", 1)
	for i, err := range []error{err1, err2, err3, err4, err5, err6, b.Set(ctx, "k", nil), b.Client(ctx, new(int)), b.Ping(ctx)} {
		if !errors.Is(err, want) {
			t.Errorf("call %d: %v, want %v", i, err, want)
		}
	}
}

func TestBackendSupports(t *testing.T) {
	kvEach(t, func(t *testing.T, b *Backend) {
		if !b.SupportsAutoExpire() || !b.SupportsNativeJoin() {
			t.Error("every engine supports both")
		}
		if b.ImplementsIncr() == (b.engine.name == "redis") {
			t.Errorf("ImplementsIncr is %v", b.ImplementsIncr())
		}
		if b.Expires() != 24*time.Hour {
			t.Errorf("results live %v", b.Expires())
		}
	})
}

func TestErrorsNameKeyAndEngineButNoPassword(t *testing.T) {
	b, err := NewBackend(Config{ResultBackend: "redis://:s3cret@127.0.0.1:1/0"}, kvQuiet, configured(kvNoPolicy))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	_, err = b.Get(t.Context(), "some-key")
	if text := fmt.Sprint(err); !strings.HasPrefix(text, `celery: redis: get "some-key": `) || strings.Contains(text, "s3cret") {
		t.Errorf("%v", err)
	}
	long := &Error{Op: "get", Engine: "redis", Key: strings.Repeat("x", 5000), Err: ErrBadKey}
	if len(long.Error()) > 300 {
		t.Errorf("an error of %d bytes", len(long.Error()))
	}
	cfg := Config{ResultBackend: "redis://:s3cret@h/0", Redis: RedisConfig{Password: "s3cret"}}
	if text := fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, b); strings.Contains(text, "s3cret") {
		t.Error(text)
	}
}

// kvNoPolicy is a configuration that repeats nothing.
var kvNoPolicy = Config{ResultBackendTransportOptions: TransportOptions{RetryPolicy: &RetryPolicy{}}}
