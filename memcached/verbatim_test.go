package memcached_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached"
	"github.com/larder-go/larder/memcached/internal/meta"
)

func openVerbatim(t *testing.T) *memcached.Store {
	t.Helper()
	o := emptied(t, server)
	o.VerbatimKeys = true
	return open(t, o)
}

// TestVerbatimEveryByteAtEveryPlace: what memcached takes is a key as it is, and what it does not take is ErrBadKey by every verb, and
// alone in its batch.
func TestVerbatimEveryByteAtEveryPlace(t *testing.T) {
	s := openVerbatim(t)
	for b := range 256 {
		for _, n := range []int{1, 2, 12, 249, 250, 251} {
			for _, at := range []int{0, n / 2, n - 1} {
				key := []byte(strings.Repeat("k", n))
				key[at] = byte(b)
				legal := n <= 250 && b > ' ' && b != 0x7f
				useVerbatim(t, s, string(key), legal)
			}
		}
	}
	useVerbatim(t, s, "", false)
	for _, key := range []string{"a\r\nflush_all\r\n", "a\r\nset pwn 0 0 3\r\nPWN", "a v\r\nms pwn 3\r\nPWN\r\n"} {
		useVerbatim(t, s, key, false)
	}
	for _, key := range []string{"sha256:" + strings.Repeat("a", 64), "larder:lease:k", "larder:lease:", "😀", "é"} {
		useVerbatim(t, s, key, true)
	}
	if _, _, there := server.Value(t, "pwn"); there {
		t.Error("a key has become a command")
	}
}

func useVerbatim(t *testing.T, s *memcached.Store, key string, legal bool) {
	t.Helper()
	if legal != meta.Legal(key) {
		t.Fatalf("%q: meta.Legal is wrong", key)
	}
	ctx, want := t.Context(), error(nil)
	if !legal {
		want = driver.ErrBadKey
	}
	items := []driver.Item{{Key: "other", Value: []byte("1")}, {Key: key, Value: []byte(key)}}
	if err := s.SetMany(ctx, items, 0); !errors.Is(err, want) || (want == nil) != (err == nil) {
		t.Fatalf("%q: SetMany: %v; want %v", key, err, want)
	}
	results, err := s.GetMany(ctx, []string{key, "other"})
	if err != nil || string(results[1].Value) != "1" || !errors.Is(results[0].Err, want) || legal && string(results[0].Value) != key {
		t.Fatalf("%q: GetMany: %v, %v", key, results, err)
	}
	if legal {
		if got, _, _ := server.Value(t, key); got != key {
			t.Fatalf("a plain get of %q gives %q", key, got)
		}
	}
	n, err := s.DeleteMany(ctx, []string{"other", key})
	if !errors.Is(err, want) || legal && n != 2 || !legal && n != 1 {
		t.Fatalf("%q: DeleteMany: %d, %v", key, n, err)
	}
}

// TestVerbatimVerbs: each says that a key is none.
func TestVerbatimVerbs(t *testing.T) {
	s := openVerbatim(t)
	const bad = "a b"
	for name, do := range map[string]func(context.Context) error{
		"Get":        func(ctx context.Context) error { _, err := s.Get(ctx, bad); return err },
		"Set":        func(ctx context.Context) error { return s.Set(ctx, bad, nil, 0) },
		"SetLarge":   func(ctx context.Context) error { return s.Set(ctx, bad, make([]byte, 8<<20), 0) },
		"Add":        func(ctx context.Context) error { _, err := s.Add(ctx, bad, nil, 0); return err },
		"Touch":      func(ctx context.Context) error { _, err := s.Touch(ctx, bad, 0); return err },
		"Delete":     func(ctx context.Context) error { _, err := s.Delete(ctx, bad); return err },
		"Incr":       func(ctx context.Context) error { _, err := s.Incr(ctx, bad, 1, 0); return err },
		"IncrFloat":  func(ctx context.Context) error { _, err := s.IncrFloat(ctx, bad, 1, 0); return err },
		"GetVersion": func(ctx context.Context) error { _, _, err := s.GetVersion(ctx, bad); return err },
		"Swap":       func(ctx context.Context) error { _, err := s.Swap(ctx, bad, nil, nil, 0); return err },
		"Inspect":    func(ctx context.Context) error { _, err := s.Inspect(ctx, []string{bad}); return err },
		"Inspect2":   func(ctx context.Context) error { _, err := s.Inspect(ctx, []string{bad, "k"}); return err },
		"GetTimed": func(ctx context.Context) error {
			results, err := s.GetTimed(ctx, []string{bad})
			return errors.Join(err, results[0].Err)
		},
	} {
		if err := do(t.Context()); !errors.Is(err, driver.ErrBadKey) || !strings.Contains(err.Error(), "0x20 at 1") {
			t.Errorf("%s: %v; want ErrBadKey that names the byte", name, err)
		}
	}
	if keys := server.Keys(t); len(keys) != 0 {
		t.Errorf("%q came into being", keys)
	}
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, driver.ErrMiss) {
		t.Error(err)
	}
}

// TestVerbatimAndLeases: an entry under the name of another program's lease is an entry, and that program's key has no lease then:
// neither waits for the other, and neither loses anything.
func TestVerbatimAndLeases(t *testing.T) {
	verbatim := openVerbatim(t)
	hashed := open(t, memcached.Options{Addresses: []string{server.Addr()}})
	ctx := t.Context()
	for _, value := range []string{"an entry", "F", ""} {
		if err := verbatim.Set(ctx, "larder:lease:k", []byte(value), 0); err != nil {
			t.Fatal(err)
		}
		grants, err := hashed.Acquire(ctx, []string{"k"}, time.Second)
		if err != nil || grants[0].Lease != "" || grants[0].Err == nil || errors.Is(grants[0].Err, driver.ErrMiss) {
			t.Errorf("%q: Acquire = %+v, %v; want an error and no lease", value, grants, err)
		}
		if err := hashed.Await(ctx, "k"); err != nil {
			t.Error(err)
		}
		if err := hashed.Set(ctx, "k", []byte("v"), 0); err != nil {
			t.Error(err)
		}
		if was, err := hashed.Delete(ctx, "k"); !was || err != nil {
			t.Error(was, err)
		}
		if got, err := verbatim.Get(ctx, "larder:lease:k"); string(got) != value || err != nil {
			t.Errorf("%q has become %q, %v", value, got, err)
		}
	}
	c, err := larder.New(open(t, memcached.Options{Addresses: []string{server.Addr()}}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := verbatim.Set(ctx, "larder:lease::1:k", []byte("in the way"), 0); err != nil {
		t.Fatal(err)
	}
	if got, err := larder.Of[int](c, "").GetOrSet(ctx, "k", larder.Value(7)); got != 7 || err != nil {
		t.Errorf("GetOrSet = %d, %v", got, err)
	}
}

// TestVerbatimWriteVoidsALease: what a program with verbatim keys writes is a write for those that load.
func TestVerbatimWriteVoidsALease(t *testing.T) {
	verbatim := openVerbatim(t)
	hashed := open(t, memcached.Options{Addresses: []string{server.Addr()}})
	grants, err := hashed.Acquire(t.Context(), []string{"k"}, 5*time.Second)
	if err != nil || grants[0].Lease == "" {
		t.Fatal(grants, err)
	}
	if _, err := verbatim.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	filled, err := hashed.Fill(t.Context(), []driver.Filling{{Key: "k", Lease: grants[0].Lease, Value: []byte("old")}}, 0)
	if err != nil || filled[0] {
		t.Errorf("Fill after the Delete = %v, %v", filled, err)
	}
	if _, err := verbatim.Acquire(t.Context(), []string{"k"}, time.Second); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Acquire = %v", err)
	}
}

// TestVerbatimScan: there is nothing without a name.
func TestVerbatimScan(t *testing.T) {
	s := openVerbatim(t)
	want := []string{"a", "larder:lease:x", "sha256:" + strings.Repeat("0", 64)}
	for _, key := range want {
		if err := s.Set(t.Context(), key, []byte("v"), 0); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for key, err := range s.Scan(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, key)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
}

// TestKeysParameter: the URL says it.
func TestKeysParameter(t *testing.T) {
	s := openURL(t, server.URL("keys=verbatim"))
	if _, err := s.Get(t.Context(), "a b"); !errors.Is(err, driver.ErrBadKey) {
		t.Error(err)
	}
	s = openURL(t, server.URL("keys=hashed"))
	if _, err := s.Get(t.Context(), "a b"); !errors.Is(err, driver.ErrMiss) {
		t.Error(err)
	}
	if _, err := tryURL(t, server.URL("keys=plain")); err == nil || !strings.Contains(err.Error(), "keys=plain: not one of hashed, verbatim") {
		t.Error(err)
	}
}
