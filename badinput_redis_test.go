package larder_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/internal/redistest"
)

// foreign is what other programs may leave in place of a number: a command for each key.
func foreign() map[string][]string {
	var wide strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff42")) {
		wide.Write([]byte{byte(u), byte(u >> 8)})
	}
	return map[string][]string{
		"notJSON": {"SET", "notJSON", "{'a': 1}"}, "empty": {"SET", "empty", ""}, "utf16": {"SET", "utf16", wide.String()},
		"huge": {"SET", "huge", strings.Repeat("x", 10<<20)}, "list": {"RPUSH", "list", "42"}, "hash": {"HSET", "hash", "f", "42"},
		"set": {"SADD", "set", "42"}, "zset": {"ZADD", "zset", "1", "42"}, "stream": {"XADD", "stream", "*", "f", "42"},
	}
}

// TestForeignValuesOnRedis: each is an error of its own key, which it names; the other keys of a batch are fine, and all is left as it is.
func TestForeignValuesOnRedis(t *testing.T) {
	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
		for form, params := range map[string][]string{"plain": {"layout=bare"}, "near": {"layout=bare", "near=1000"}} {
			t.Run(form, func(t *testing.T) {
				server := redistest.Start(t, redistest.Use(kind))
				v := larder.Of[int](openCache(t, server.URL(0, params...), quiet()), "")
				commands := foreign()
				for _, command := range commands {
					server.MustDo(t, command...)
				}
				server.MustDo(t, "SET", "good", "42")
				for range 2 { // from a copy, if there is one
					wantForeign(t, v, slices.Sorted(maps.Keys(commands)))
				}
				if n := server.MustDo(t, "DBSIZE"); n != "10" {
					t.Errorf("%s keys of 10 are left", n)
				}
			})
		}
	})
}

func wantForeign(t *testing.T, v *larder.View[int], bad []string) {
	t.Helper()
	got, err := v.GetMany(t.Context(), append([]string{"good", "absent"}, bad...))
	batch := new(larder.BatchError)
	if !errors.As(err, &batch) || !maps.Equal(got, map[string]int{"good": 42}) {
		t.Fatalf("GetMany = %v, %v", got, err)
	}
	if keys := slices.Sorted(maps.Keys(batch.Keys)); !slices.Equal(keys, bad) {
		t.Errorf("GetMany fails for %q", keys)
	}
	for _, key := range bad {
		_, err := v.Get(t.Context(), key)
		for how, err := range map[string]error{"Get": err, "GetMany": batch.Keys[key]} {
			if !errors.Is(err, larder.ErrCodec) || errors.Is(err, larder.ErrMiss) {
				t.Errorf("%s %s: %v; want ErrCodec", how, key, err)
			}
		}
		if !strings.Contains(err.Error(), key) || len(err.Error()) > 500 {
			t.Errorf("%.600v does not name %s, or is long", err, key)
		}
	}
}

// TestRefusedByRedis: the server's reason, and no password.
func TestRefusedByRedis(t *testing.T) {
	server := redistest.Start(t, redistest.Password("r1ght"), redistest.User("poor on >p00r ~* &* +@all -set"))
	for url, reason := range map[string]string{
		"redis://:wr0ng@" + server.Addr():            "WRONGPASS",
		"redis://somebody:wr0ng@" + server.Addr():    "WRONGPASS",
		"redis://" + server.Addr():                   "NOAUTH",
		"redis://:r1ght@" + server.Addr() + "/99999": "DB index is out of range",
	} {
		_, err := larder.Open(t.Context(), url, quiet())
		wantReason(t, err, reason)
		c := openCache(t, url+"?lazy=true", quiet())
		_, err = larder.Of[int](c, "").Get(t.Context(), "k")
		wantReason(t, err, reason)
	}
	c := openCache(t, "redis://poor:p00r@"+server.Addr(), quiet())
	wantReason(t, larder.Of[int](c, "").Set(t.Context(), "k", 1), "NOPERM")
}

func wantReason(t *testing.T, err error, reason string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), reason) || errors.Is(err, larder.ErrMiss) {
		t.Errorf("%v; want %s", err, reason)
		return
	}
	for _, secret := range []string{"wr0ng", "r1ght", "p00r"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%v names a password", err)
		}
	}
}

// TestHostileRedis: a server of random bytes is an error, whenever it begins with them, and costs little memory.
func TestHostileRedis(t *testing.T) {
	const ping, hello, setInfo, huge = "+PONG\r\n", "%1\r\n+proto\r\n:3\r\n", "+OK\r\n+OK\r\n", "*100000000\r\n"
	for _, good := range []string{"", ping, ping + hello, ping + hello + setInfo, ping + huge, ping + hello + huge, ping + hello + setInfo + huge} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c, err := larder.Open(ctx, "redis://"+noise(t, good)+"?dial_timeout=500ms", quiet())
		if err == nil {
			_, err = larder.Of[int](c, "").Get(ctx, "k")
			_ = c.Close()
		}
		if err == nil || errors.Is(err, larder.ErrMiss) {
			t.Errorf("after %q: %v", good, err)
		}
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 100<<20 {
			t.Errorf("after %q the heap has grown by %d MiB", good, grown>>20)
		}
	}
}

// noise listens, and sends each client something good and then random bytes, as long as it takes them.
func noise(t *testing.T, good string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go func() {
				_, err := conn.Write([]byte(good))
				for b := make([]byte, 1<<10); err == nil; _, err = conn.Write(b) {
					for i := range b {
						b[i] = byte(rand.Uint32())
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}
