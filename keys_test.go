package larder_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
)

// oddKeys are keys that some engine or protocol somewhere cannot bear.
var oddKeys = []string{
	" ", "  ", "\x00", "a\x00b", "\r\n", "a b", "a:b", ":", "::", "é", "😀", "\xff\xfe", "\xed\xa0\x80", "%", "%s", "_", "*", "?", "'", `"`,
	`\`, "user:42", "-", "get 1", strings.Repeat("k", 250), strings.Repeat("ü", 1000), "\x7f", "\U0010ffff",
}

func TestOddKeys(t *testing.T) {
	crossed(t, func(e env) {
		v := of[int](e)
		for i, key := range oddKeys {
			ok(e, v.Set(e.Context(), key, i))
		}
		for i, key := range oddKeys {
			want(e, v, key, i)
		}
		want := slices.Sorted(slices.Values(oddKeys))
		said(e, "Keys", want)(keysOf(e, v.Keys(e.Context())), nil)
		said(e, "DeleteMany", len(oddKeys))(v.DeleteMany(e.Context(), oddKeys))
		said(e, "Keys", []string{})(keysOf(e, v.Keys(e.Context())), nil)
	})
}

// TestLongestKey: 65,535 bytes with all prefixes is a key, one more is not.
func TestLongestKey(t *testing.T) {
	crossed(t, func(e env) {
		v := of[int](e)
		room := driver.MaxKeyLen - len(e.wire("", ""))
		longest := strings.Repeat("k", room)
		ok(e, v.Set(e.Context(), longest, 1))
		want(e, v, longest, 1)
		said(e, "Incr", int64(2))(v.Incr(e.Context(), longest, 1))
		said(e, "GetMany", map[string]int{longest: 2})(v.GetMany(e.Context(), []string{longest}))
		said(e, "Delete", true)(v.Delete(e.Context(), longest))
		badKey(e, v, longest+"k")
		badKey(e, v, strings.Repeat("k", 1<<20))
	})
}

func badKey(e env, v *larder.View[int], key string) {
	e.Helper()
	for name, call := range onOneKey(v) {
		err := call(e.T, key)
		wantErr(e, fmt.Sprintf("%s of a key of %d bytes", name, len(key)), err, larder.ErrBadKey)
		if err != nil && len(err.Error()) > 2000 {
			e.Errorf("%s: the error is %d bytes long", name, len(err.Error()))
		}
	}
}

// onOneKey is every verb that takes one key, and the batches with one.
func onOneKey(v *larder.View[int]) map[string]func(*testing.T, string) error {
	calls := map[string]func(*testing.T, string) error{
		"Get":   func(t *testing.T, k string) error { _, err := v.Get(t.Context(), k); return err },
		"GetOr": func(t *testing.T, k string) error { _, err := v.GetOr(t.Context(), k, 1); return err },
		"Has":   func(t *testing.T, k string) error { _, err := v.Has(t.Context(), k); return err },
		"TTL":   func(t *testing.T, k string) error { _, _, err := v.TTL(t.Context(), k); return err },
		"Delete": func(t *testing.T, k string) error {
			_, err := v.Delete(t.Context(), k)
			return err
		},
		"Touch": func(t *testing.T, k string) error { _, err := v.Touch(t.Context(), k); return err },
		"GetMany": func(t *testing.T, k string) error {
			_, err := v.GetMany(t.Context(), []string{"fine", k})
			return err
		},
		"DeleteMany": func(t *testing.T, k string) error {
			_, err := v.DeleteMany(t.Context(), []string{"fine", k})
			return err
		},
		"Inspect": func(t *testing.T, k string) error {
			_, err := v.Inspect(t.Context(), []string{"fine", k})
			return err
		},
	}
	for name, write := range writers(v) {
		calls[name] = func(t *testing.T, k string) error { return write(t, k) }
	}
	return calls
}

// wire is the key on the wire.
func (e env) wire(version, key string) string {
	if e.bare() {
		return e.prefix + key
	}
	keyPrefix := ""
	for _, p := range e.params {
		if v, is := strings.CutPrefix(p, "key_prefix="); is {
			keyPrefix = v
		}
		if v, is := strings.CutPrefix(p, "version="); is && version == "" {
			version = v
		}
	}
	return keyPrefix + ":" + version + ":" + e.prefix + key
}

func TestEmptyKey(t *testing.T) {
	crossed(t, func(e env) {
		v := of[int](e)
		if e.wire("", "") == "" {
			badKey(e, v, "")
			_, err := e.c.Incr(e.Context(), "", 1)
			wantErr(e, "Cache.Incr of the empty key", err, larder.ErrBadKey)
			return
		}
		ok(e, v.Set(e.Context(), "", 1))
		want(e, v, "", 1)
		said(e, "Incr", int64(2))(v.Incr(e.Context(), "", 1))
		said(e, "Keys", []string{""})(keysOf(e, v.Keys(e.Context())), nil)
	})
}

// TestWireKeys: <key_prefix>:<version>:<key>, and nothing else, whatever the engine.
func TestWireKeys(t *testing.T) {
	for _, s := range settings() {
		if !strings.HasPrefix(s.name, "named") && !strings.HasPrefix(s.name, "sqlite/") {
			continue // the others cannot be looked at from outside
		}
		t.Run(s.name, func(t *testing.T) {
			base := s.url(t)
			e := env{t, s, openCache(t, strings.TrimRight(base+strings.Join(s.params, "&"), "?&"))}
			raw := openCache(t, base+"layout=bare")
			ok(t, of[int](e).Set(t.Context(), "k", 1))
			wires := []string{e.wire("", "k")}
			if !e.bare() {
				ok(t, of[int](e).Set(t.Context(), "k", 2, larder.Version("9")))
				wires = append(wires, e.wire("9", "k"))
			}
			slices.Sort(wires)
			said(t, "the keys on the wire", wires)(keysOf(t, raw.Keys(t.Context())), nil)
		})
	}
}

func TestKeysOfCacheAndView(t *testing.T) {
	crossed(t, func(e env) {
		ctx := e.Context()
		for _, v := range []string{"a:", "ab:", "a", ""} {
			ok(e, larder.Of[int](e.c, v).Set(ctx, "1", 1))
		}
		all := []string{"1", "a1", "a:1", "ab:1"}
		said(e, "Keys of the cache", all)(keysOf(e, e.c.Keys(ctx)), nil)
		said(e, "Keys of the view a:", []string{"1"})(keysOf(e, larder.Of[int](e.c, "a:").Keys(ctx)), nil)
		said(e, "Keys of the view a", []string{"1", ":1", "b:1"})(keysOf(e, larder.Of[int](e.c, "a").Keys(ctx)), nil)
		said(e, "Keys of an empty view", []string{})(keysOf(e, larder.Of[int](e.c, "z").Keys(ctx)), nil)
	})
}

// TestWalkThatChanges: the cache may be used while walking, and a walk may be left.
func TestWalkThatChanges(t *testing.T) {
	crossed(t, func(e env) {
		v, n := of[int](e), 0
		for i := range 100 {
			ok(e, v.Set(e.Context(), fmt.Sprint(i), i))
		}
		for key, err := range v.Keys(e.Context()) {
			ok(e, err)
			said(e, "Delete", true)(v.Delete(e.Context(), key))
			n++
		}
		if n != 100 {
			e.Errorf("%d of 100 keys were seen", n)
		}
		ok(e, v.SetMany(e.Context(), map[string]int{"a": 1, "b": 2}))
		for range v.Keys(e.Context()) {
			break
		}
		said(e, "Keys", []string{"a", "b"})(keysOf(e, v.Keys(e.Context())), nil)
	})
}

func TestVersions(t *testing.T) {
	crossed(t, func(e env) {
		v := of[int](e)
		ok(e, v.Set(e.Context(), "k", 1))
		if e.bare() {
			for name, err := range map[string]error{
				"Set": v.Set(e.Context(), "k", 2, larder.Version("2")), "Keys": walkErr(v, e, larder.Version(2)),
			} {
				wantErr(e, name+" of a version under layout=bare", err, errors.ErrUnsupported)
			}
			want(e, v, "k", 1, larder.Version(0))
			return
		}
		ok(e, v.Set(e.Context(), "k", 2, larder.Version(2)))
		want(e, v, "k", 1)
		want(e, v, "k", 2, larder.Version("2"))
		want(e, v, "k", 1, larder.Version(0), larder.Version(""))
		wantMiss(e, v, "k", larder.Version("02"))
		said(e, "Incr", int64(3))(v.Incr(e.Context(), "k", 1, larder.Version(uint8(2))))
		said(e, "Keys", []string{"k"})(keysOf(e, v.Keys(e.Context(), larder.Version(2))), nil)
		said(e, "Clear", 1)(v.Clear(e.Context(), larder.Version(2)))
		want(e, v, "k", 1)
		wantMiss(e, v, "k", larder.Version(2))
	})
}

func walkErr(v *larder.View[int], e env, opts ...larder.CallOption) (last error) {
	for _, err := range v.Keys(e.Context(), opts...) {
		last = err
	}
	return last
}
