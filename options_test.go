package larder_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/codec"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/memory"
)

// TestOptionBeatsURL: what is said in Go counts.
func TestOptionBeatsURL(t *testing.T) {
	url := "memory://beaten?key_prefix=url&version=1&ttl=1m&codec=json&layout=prefixed"
	c := openCache(t, url, larder.WithKeyPrefix("go"), larder.WithVersion("2"), larder.WithTTL(time.Hour), larder.WithCodec(codec.Raw))
	v := larder.Of[string](c, "")
	ok(t, v.Set(t.Context(), "k", "raw"))
	wantTTL(t, v, "k", time.Hour)
	all := openCache(t, "memory://beaten", larder.WithLayout(larder.Bare))
	said(t, "the keys", []string{"go:2:k"})(keysOf(t, all.Keys(t.Context())), nil)
	_, err := larder.Of[string](all, "").Get(t.Context(), "go:2:k")
	wantErr(t, "raw bytes as JSON", err, larder.ErrCodec)
	raw, err := larder.NewView(all, "", larder.Policy[[]byte]{Codec: codec.Raw})
	ok(t, err)
	want(t, raw, "go:2:k", []byte("raw"))
}

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]larder.Option{
		"layout": larder.WithLayout("odd"), "codec": larder.WithCodec(nil), "logger": larder.WithLogger(nil),
		"timeout": larder.WithTimeout(-1), "ttl": larder.WithTTL(0),
	} {
		if c, err := larder.Open(t.Context(), "memory://", o); err == nil {
			_ = c.Close()
			t.Errorf("a bad %s: no error", name)
		}
	}
	for _, url := range []string{"memory://?layout=bare&key_prefix=x", "memory://?layout=bare&version=1"} {
		if c, err := larder.Open(t.Context(), url); err == nil {
			_ = c.Close()
			t.Errorf("%s: no error", url)
		}
	}
}

// TestEmptyOptions: as in async-caches, an empty key prefix or version is none.
func TestEmptyOptions(t *testing.T) {
	c := openCache(t, "memory://empty-options?key_prefix=&version=")
	ok(t, larder.Of[int](c, "").Set(t.Context(), "k", 1))
	all := openCache(t, "memory://empty-options?layout=bare")
	said(t, "the keys", []string{"::k"})(keysOf(t, all.Keys(t.Context())), nil)
}

func TestRawCodec(t *testing.T) {
	for _, name := range []string{"raw", "raw+zstd"} {
		v := larder.Of[[]byte](openCache(t, "memory://?codec="+name), "")
		for _, val := range [][]byte{{}, []byte("bytes\x00\xff"), bytes.Repeat([]byte("x"), 10_000)} {
			ok(t, v.Set(t.Context(), "k", val))
			want(t, v, "k", val)
		}
	}
}

// TestTimeout bounds each call to an engine outside the process.
func TestTimeout(t *testing.T) {
	store, err := memory.New(memory.Options{Isolate: true})
	ok(t, err)
	f := drivertest.NewFaulty(store)
	c, err := larder.New(f, larder.WithTimeout(time.Millisecond), quiet())
	ok(t, err)
	t.Cleanup(func() { f.Heal(); _ = c.Close() })
	for _, op := range drivertest.AllOps() {
		if op != drivertest.OpScan && op != drivertest.OpClear && op != drivertest.OpClearAll && op != drivertest.OpClose {
			f.Block(op)
		}
	}
	v := larder.Of[int](c, "")
	for name, err := range everyVerb(t.Context(), c, v) {
		switch name {
		case "Keys", "Cache.Keys", "Clear", "Cache.Clear", "GetOrSet", "GetOrSetMany":
			ok(t, err)
		default:
			wantErr(t, name, err, context.DeadlineExceeded)
			if !strings.Contains(fmt.Sprint(err), "no answer within 1ms") {
				t.Errorf("%s: %v; want whose deadline it was", name, err)
			}
		}
	}
}

// broken is a store that cannot be reached.
type broken struct{ driver.Store }

func (broken) Get(context.Context, string) ([]byte, error) { return nil, errUnplugged }

func TestNew(t *testing.T) {
	store, err := memory.New(memory.Options{})
	ok(t, err)
	c, err := larder.New(store, larder.WithKeyPrefix("p"))
	ok(t, err)
	if c.URI() != "memory://" {
		t.Errorf("URI = %s", c.URI())
	}
	s, err := c.Ping(t.Context())
	if err != nil || s.Engine != "memory" || s.RoundTrip <= 0 {
		t.Errorf("Ping = %+v, %v", s, err)
	}
	if c.As(new(int)) {
		t.Error("As hands out an int")
	}
	for range 2 {
		ok(t, c.Close())
	}
	c, err = larder.New(broken{four{}})
	ok(t, err)
	_, err = c.Ping(t.Context())
	wantErr(t, "Ping", err, errUnplugged)
	if _, err := larder.New(broken{}, larder.WithTTL(-1)); !errors.Is(err, larder.ErrBadTTL) {
		t.Errorf("New with a bad option: %v", err)
	}
}

func TestStats(t *testing.T) {
	crossed(t, func(e env) {
		v, ctx := of[user](e), e.Context()
		ok(e, v.Set(ctx, "a", user{}))
		want(e, v, "a", user{})
		wantMiss(e, v, "b")
		_, err := v.GetMany(ctx, []string{"a", "b", "c"})
		ok(e, err)
		ok(e, v.SetMany(ctx, map[string]user{"d": {}, "e": {}}))
		_, err = v.Add(ctx, "a", user{})
		ok(e, err)
		_, err = v.Add(ctx, "f", user{})
		ok(e, err)
		_, err = v.GetOrSet(ctx, "g", larder.Value(user{}))
		ok(e, err)
		_, err = of[int](e).Get(ctx, "a")
		wantErr(e, "Get", err, larder.ErrCodec)
		if s, want := e.c.Stats(), (larder.Stats{Hits: 3, Misses: 4, Sets: 5, Loads: 1, Errors: 1}); s != want {
			e.Errorf("Stats = %+v; want %+v", s, want)
		}
	})
}

// TestOpenWithinItsContext: what has ended opens nothing, and leaves nothing open.
func TestOpenWithinItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, url := range []string{"memory://", "memory://never-opened", "dummy://", sqliteFile(t) + "lazy=false"} {
		_, err := larder.Open(ctx, url)
		wantErr(t, url, err, context.Canceled)
	}
	ok(t, larder.Of[int](openCache(t, "memory://never-opened?max_entries=5"), "").Set(t.Context(), "k", 1))
	c, err := larder.Open(ctx, sqliteFile(t)+"lazy=true")
	ok(t, err)
	v := larder.Of[int](c, "")
	ok(t, v.Set(t.Context(), "k", 1))
	want(t, v, "k", 1)
	ok(t, c.Close())
}
