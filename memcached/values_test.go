package memcached_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// TestFlags: text and bytes are told apart as Python's clients do, and what they wrote is read.
func TestFlags(t *testing.T) {
	s := open(t, emptied(t, server))
	for value, want := range map[string]string{`{"a":1}`: "16", "ż": "16", "": "16", "\x80\x04N.": "0"} {
		if err := s.Set(t.Context(), "k", []byte(value), 0); err != nil {
			t.Fatal(err)
		}
		if got, flags, _ := server.Value(t, "k"); got != value || flags != want {
			t.Errorf("%q is %q with flags %s; want %s", value, got, flags, want)
		}
	}
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, _ = w.Write([]byte(`"long"`))
	_ = w.Close()
	for _, c := range []struct {
		flags       int
		value, want string
		err         error
	}{
		{0, "1", "1", nil}, {16, "1", "1", nil}, {2, "7", "7", nil}, {4, "7", "7", nil}, {8, packed.String(), `"long"`, nil},
		{24, packed.String(), `"long"`, nil}, {24, "no zlib", "", driver.ErrCodec}, {1, "\x80\x04N.", "", driver.ErrCodec},
		{17, "1", "", driver.ErrCodec}, {32, "1", "", driver.ErrCodec}, {65536, "1", "", driver.ErrCodec}, {4294967295, "1", "", driver.ErrCodec},
	} {
		server.MustAsk(t, fmt.Sprintf("set f %d 0 %d\r\n%s", c.flags, len(c.value), c.value))
		got, err := s.Get(t.Context(), "f")
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("flags %d: %q, %v; want %q, %v", c.flags, got, err, c.want, c.err)
		}
		results, err := s.GetMany(t.Context(), []string{"f"})
		if err != nil || string(results[0].Value) != c.want || !errors.Is(results[0].Err, c.err) {
			t.Errorf("flags %d: GetMany %q, %v, %v", c.flags, results[0].Value, results[0].Err, err)
		}
	}
}

// TestBombs: compressed values that are small, and become large together, do not take all memory; the others of the batch are there.
func TestBombs(t *testing.T) {
	s := open(t, emptied(t, server))
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	for range 60 {
		_, _ = w.Write(make([]byte, 1<<20))
	}
	_ = w.Close()
	keys := []string{"plain"}
	server.MustAsk(t, "set plain 0 0 1\r\n1")
	for i := range 12 {
		keys = append(keys, fmt.Sprint("bomb", i))
		server.MustAsk(t, fmt.Sprintf("set bomb%d 24 0 %d\r\n%s", i, packed.Len(), packed.String()))
	}
	for name, get := range map[string]func() ([]driver.Result, error){
		"GetMany": func() ([]driver.Result, error) { return s.GetMany(t.Context(), keys) },
		"GetTimed": func() (results []driver.Result, err error) {
			timed, err := s.GetTimed(t.Context(), keys)
			for _, r := range timed {
				results = append(results, driver.Result{Value: r.Value, Err: r.Err})
			}
			return results, err
		},
	} {
		results, err := get()
		if err != nil || string(results[0].Value) != "1" {
			t.Fatalf("%s: %v, %v", name, results, err)
		}
		size, refused := 0, 0
		for _, r := range results {
			size += len(r.Value)
			if errors.Is(r.Err, driver.ErrCodec) {
				refused++
			}
		}
		if size > 256<<20 || refused != 12-4 {
			t.Errorf("%s: %d MiB in memory, %d refused", name, size>>20, refused)
		}
	}
	if value, err := s.Get(t.Context(), "bomb0"); err != nil || len(value) != 60<<20 {
		t.Errorf("one alone: %d bytes, %v", len(value), err)
	}
}

// TestForeignCounters: a counter of Python's keeps its flags, so that Python still takes it for a number, and its lifetime.
func TestForeignCounters(t *testing.T) {
	s := open(t, emptied(t, server))
	server.MustAsk(t, "set n 4 1000 1\r\n5")
	for _, c := range []struct {
		delta int64
		want  string
	}{{3, "8"}, {-1, "7"}, {-8, "-1"}, {11, "10"}, {-1, "9"}, {1, "10"}} {
		if _, err := s.Incr(t.Context(), "n", c.delta, time.Hour); err != nil {
			t.Fatal(err)
		}
		if got, flags, _ := server.Value(t, "n"); got != c.want || flags != "4" {
			t.Errorf("%q with flags %s; want %q with 4", got, flags, c.want)
		}
	}
	infos, err := s.Inspect(t.Context(), []string{"n"})
	if left := infos["n"].TTL; err != nil || left > 1000*time.Second || left < 990*time.Second {
		t.Errorf("%v are left, %v", left, err)
	}
}

// TestManyFractionsKeepTheLifetime: each is a compare-and-swap that gives the rest as a new lifetime. None may be gained, also
// when the server's clock ticks in between.
func TestManyFractionsKeepTheLifetime(t *testing.T) {
	s := open(t, emptied(t, server))
	began := time.Now()
	if err := s.Set(t.Context(), "n", []byte("0"), 1000*time.Second); err != nil {
		t.Fatal(err)
	}
	for time.Since(began) < 3*time.Second {
		if _, err := s.IncrFloat(t.Context(), "n", 0.5, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	infos, err := s.Inspect(t.Context(), []string{"n"})
	if left := infos["n"].TTL; err != nil || left > 998*time.Second || left < 996*time.Second {
		t.Errorf("after %v, %v of 1000 s are left, %v", time.Since(began), left, err)
	}
}

// TestEveryByteAtEveryPlace: whatever a key is, nothing but its own entry comes of it, by any command.
func TestEveryByteAtEveryPlace(t *testing.T) {
	s := open(t, emptied(t, server))
	if err := s.Set(t.Context(), "bystander", []byte("here"), 0); err != nil {
		t.Fatal(err)
	}
	lengths := []int{1, 2, 3, 10, 11, 12, 13, 249, 250, 251}
	for b := range 256 {
		for _, n := range lengths {
			for _, at := range []int{0, n / 2, n - 1} {
				key := []byte(strings.Repeat("k", n))
				key[at] = byte(b)
				useKey(t, s, string(key))
			}
		}
	}
	for _, key := range []string{
		"a\r\nflush_all\r\n", "a\r\nset pwn 0 0 3\r\nPWN", "a b", "a\nmd bystander", "a v\r\nms pwn 3\r\nPWN\r\n", "\x00", "😀", strings.Repeat("é", 125),
		"sha256:" + strings.Repeat("a", 64), "sha256:short", "larder:lease:bystander",
	} {
		useKey(t, s, key)
	}
	if _, _, there := server.Value(t, "pwn"); there {
		t.Error("a key has become a command")
	}
	if got, err := s.Get(t.Context(), "bystander"); string(got) != "here" || err != nil {
		t.Errorf("the bystander is %q, %v", got, err)
	}
}

type store interface {
	driver.Store
	driver.Batcher
	driver.Leaser
}

func useKey(t *testing.T, s store, key string) {
	t.Helper()
	ctx := t.Context()
	grants, err := s.Acquire(ctx, []string{key}, time.Second)
	if err != nil || grants[0].Lease == "" {
		t.Fatalf("%q: %v, %v", key, grants, err)
	}
	if filled, err := s.Fill(ctx, []driver.Filling{{Key: key, Lease: grants[0].Lease, Value: []byte(key)}}, 0); err != nil || !filled[0] {
		t.Fatalf("%q: %v, %v", key, filled, err)
	}
	if results, err := s.GetMany(ctx, []string{key}); err != nil || string(results[0].Value) != key {
		t.Fatalf("%q: %v, %v", key, results, err)
	}
	if meta.Legal(key) && !strings.HasPrefix(key, "larder:lease:") && !strings.HasPrefix(key, "sha256:") {
		if got, _, _ := server.Value(t, key); got != key {
			t.Fatalf("a plain get of %q gives %q", key, got)
		}
	}
	if was, err := s.Delete(ctx, key); !was || err != nil {
		t.Fatalf("%q: %v, %v", key, was, err)
	}
}

// TestForgedDigest: a key that looks like the digest of another one is another entry.
func TestForgedDigest(t *testing.T) {
	s := open(t, emptied(t, server))
	if err := s.Set(t.Context(), "a key with spaces", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	stored := server.Keys(t)
	if len(stored) != 1 || !strings.HasPrefix(stored[0], "sha256%3A") && !strings.HasPrefix(stored[0], "sha256:") {
		t.Fatal(stored)
	}
	for _, own := range []string{"larder:generations", "larder:0123456789abcdef:user", "larder:lease:k"} {
		if err := s.Set(t.Context(), own, []byte("1"), 0); err != nil {
			t.Fatal(err)
		}
		if _, _, there := server.Value(t, own); there {
			t.Errorf("%s is where larder keeps what it has to know", own)
		}
		if _, err := s.Delete(t.Context(), own); err != nil {
			t.Fatal(err)
		}
	}
	forged := strings.ReplaceAll(stored[0], "%3A", ":")
	if _, err := s.Get(t.Context(), forged); !errors.Is(err, driver.ErrMiss) {
		t.Errorf("%v; want ErrMiss", err)
	}
	var nameless *driver.Nameless
	for key, err := range s.Scan(t.Context(), "") {
		if !errors.As(err, &nameless) || key != "" {
			t.Errorf("a walk yields %q, %v", key, err)
		}
	}
	if nameless == nil || nameless.Count != 1 {
		t.Errorf("%v", nameless)
	}
}

// TestBadURLs: what is wrong is named.
func TestBadURLs(t *testing.T) {
	for raw, want := range map[string]string{
		"memcached://":                                         "no server is named",
		"memcached://a;A:11211/":                               "listed twice",
		"memcached://a;a/":                                     "listed twice",
		"memcached://a:0/":                                     "port",
		"memcached://a:99999/":                                 "port",
		"memcached://a/0":                                      "no databases",
		"memcached://a?hash=hsieh":                             "hash=hsieh: not one of",
		"memcached://a?hash=modula&on_down=rehash":             "python-memcached",
		"memcached://a;b?weights=1,2":                          "ketama_weighted",
		"memcached://a;b?hash=ketama_weighted&weights=1":       "one for each of 2",
		"memcached://a;b?hash=ketama_weighted&weights=1,x":     "not numbers",
		"memcached://a?tls_ca=x":                               "not encrypted",
		"memcached://a:1:2;b":                                  "ketama_weighted",
		"memcached://a:1:2;b?hash=ketama_weighted&weights=1,2": "behind their ports",
		"memcached://a:1:0;b?hash=ketama_weighted":             "weight",
		"memcached+unix://host/path":                           "three slashes",
		"memcached://a?db=1":                                   "unknown parameter",
	} {
		if _, err := tryURL(t, raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", raw, err, want)
		}
	}
}
