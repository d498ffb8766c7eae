package larder_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder"
)

// wantTTL fails unless the entry has just got this lifetime; 0: no expiry.
func wantTTL[V any](t testing.TB, v *larder.View[V], key string, ttl time.Duration, opts ...larder.CallOption) {
	t.Helper()
	left, expires, err := v.TTL(t.Context(), key, opts...)
	if err != nil || expires != (ttl > 0) || left > ttl+time.Second || left < ttl-time.Minute {
		t.Errorf("TTL of %q = %v, %v, %v; want %v", key, left, expires, err, ttl)
	}
}

// writers are the verbs that give an entry a lifetime.
func writers(v *larder.View[int]) map[string]func(t *testing.T, key string, opts ...larder.CallOption) error {
	return map[string]func(t *testing.T, key string, opts ...larder.CallOption) error{
		"Set": func(t *testing.T, key string, opts ...larder.CallOption) error {
			return v.Set(t.Context(), key, 1, opts...)
		},
		"Add": func(t *testing.T, key string, opts ...larder.CallOption) error {
			_, err := v.Add(t.Context(), key, 1, opts...)
			return err
		},
		"GetOrSet": func(t *testing.T, key string, opts ...larder.CallOption) error {
			_, err := v.GetOrSet(t.Context(), key, larder.Value(1), opts...)
			return err
		},
		"GetOrSetMany": func(t *testing.T, key string, opts ...larder.CallOption) error {
			_, err := v.GetOrSetMany(t.Context(), []string{key}, ones, opts...)
			return err
		},
		"SetMany": func(t *testing.T, key string, opts ...larder.CallOption) error {
			return v.SetMany(t.Context(), map[string]int{key: 1}, opts...)
		},
		"Incr": func(t *testing.T, key string, opts ...larder.CallOption) error {
			_, err := v.Incr(t.Context(), key, 1, opts...)
			return err
		},
		"DecrFloat": func(t *testing.T, key string, opts ...larder.CallOption) error {
			_, err := v.DecrFloat(t.Context(), key, -1, opts...)
			return err
		},
	}
}

func TestLifetimes(t *testing.T) {
	crossed(t, func(e env) {
		v := of[int](e)
		for name, write := range writers(v) {
			ok(e, write(e.T, name+" by default"))
			wantTTL(e, v, name+" by default", 0)
			ok(e, write(e.T, name+" an hour", larder.TTL(time.Hour)))
			wantTTL(e, v, name+" an hour", time.Hour)
			ok(e, write(e.T, name+" never", larder.NoExpiry))
			wantTTL(e, v, name+" never", 0)
			ok(e, write(e.T, name+" longest", larder.TTL(larder.MaxTTL)))
			wantTTL(e, v, name+" longest", larder.MaxTTL)
			ok(e, write(e.T, name+" later counts", larder.TTL(-1), larder.NoExpiry, larder.TTL(time.Minute)))
			wantTTL(e, v, name+" later counts", time.Minute)
		}
	})
}

func TestDefaultLifetimes(t *testing.T) {
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			e := env{t, s, s.open(t, "ttl=10m")}
			v := of[int](e)
			view, err := larder.NewView(e.c, e.prefix+"view:", larder.Policy[int]{TTL: 2 * time.Hour})
			ok(t, err)
			for name, write := range writers(v) {
				ok(t, write(t, name))
				wantTTL(t, v, name, 10*time.Minute)
				ok(t, write(t, name+" never", larder.NoExpiry))
				wantTTL(t, v, name+" never", 0)
			}
			for name, write := range writers(view) {
				ok(t, write(t, name))
				wantTTL(t, view, name, 2*time.Hour)
			}
		})
	}
}

// TestWhatKeepsALifetime: reading and counting do; Set and Touch replace it.
func TestWhatKeepsALifetime(t *testing.T) {
	crossed(t, func(e env) {
		v := of[int](e)
		for _, keep := range []string{"Get", "Add", "Incr", "DecrFloat", "GetOrSet"} {
			ok(e, v.Set(e.Context(), keep, 1, larder.TTL(time.Hour)))
			want(e, v, keep, 1)
			ok(e, map[string]func(*testing.T, string, ...larder.CallOption) error{
				"Get": func(t *testing.T, k string, _ ...larder.CallOption) error {
					_, err := v.Get(t.Context(), k)
					return err
				},
				"Add": writers(v)["Add"], "Incr": writers(v)["Incr"], "DecrFloat": writers(v)["DecrFloat"], "GetOrSet": writers(v)["GetOrSet"],
			}[keep](e.T, keep, larder.TTL(24*time.Hour)))
			wantTTL(e, v, keep, time.Hour)
		}
		ok(e, v.Set(e.Context(), "k", 1, larder.TTL(time.Hour)))
		ok(e, v.Set(e.Context(), "k", 1))
		wantTTL(e, v, "k", 0)
		ok(e, v.Set(e.Context(), "k", 1, larder.TTL(time.Hour)))
		ok(e, v.SetMany(e.Context(), map[string]int{"k": 2}))
		wantTTL(e, v, "k", 0)
	})
}

func TestTouch(t *testing.T) {
	crossed(t, func(e env) {
		v := of[point](e)
		ok(e, v.Set(e.Context(), "k", point{X: 1}))
		for _, ttl := range []time.Duration{time.Hour, time.Minute, 48 * time.Hour} {
			said(e, "Touch", true)(v.Touch(e.Context(), "k", larder.TTL(ttl)))
			wantTTL(e, v, "k", ttl)
		}
		said(e, "Touch with NoExpiry", true)(v.Touch(e.Context(), "k", larder.NoExpiry))
		wantTTL(e, v, "k", 0)
		said(e, "Touch of what never expires, without ttl", true)(v.Touch(e.Context(), "k"))
		wantTTL(e, v, "k", 0)
		want(e, v, "k", point{X: 1})
	})
}

func TestTouchWithoutTTLTakesTheDefault(t *testing.T) {
	v := larder.Of[int](openCache(t, "memory://?ttl=90"), "")
	ok(t, v.Set(t.Context(), "k", 1, larder.NoExpiry))
	said(t, "Touch", true)(v.Touch(t.Context(), "k"))
	wantTTL(t, v, "k", 90*time.Second)
}

// TestBadTTL: what is no lifetime is refused by every verb that takes one, and nothing changes.
func TestBadTTL(t *testing.T) {
	bad := []time.Duration{0, -1, -time.Hour, larder.MaxTTL + 1, 200 * 365 * 24 * time.Hour, 1<<63 - 1, -1 << 63}
	crossed(t, func(e env) {
		v := of[int](e)
		ok(e, v.Set(e.Context(), "old", 7, larder.TTL(time.Hour)))
		for _, d := range bad {
			for name, write := range writers(v) {
				for _, key := range []string{"old", "new"} {
					err := write(e.T, key, larder.TTL(d))
					wantErr(e, name, err, larder.ErrBadTTL)
					if err != nil && d != 0 && !strings.Contains(err.Error(), d.String()) {
						e.Errorf("%s with a ttl of %v: the error does not name it: %v", name, d, err)
					}
				}
			}
			_, err := v.Touch(e.Context(), "old", larder.TTL(d))
			wantErr(e, "Touch", err, larder.ErrBadTTL)
		}
		want(e, v, "old", 7)
		wantTTL(e, v, "old", time.Hour)
		wantMiss(e, v, "new")
	})
}

func TestBadDefaultTTL(t *testing.T) {
	for _, ttl := range []string{"0", "-5", "0s", "-1m", "900000h", "3200000000", "999999999999999999999", "1e400", "soon", ""} {
		_, err := larder.Open(t.Context(), "memory://?ttl="+ttl)
		if err == nil {
			t.Errorf("ttl=%s: no error", ttl)
			continue
		}
		if !strings.Contains(err.Error(), "ttl="+ttl) {
			t.Errorf("ttl=%s: the error does not name it: %v", ttl, err)
		}
	}
	for _, ttl := range []string{"0", "-5", "3200000000", "999999999999999999999"} {
		_, err := larder.Open(t.Context(), "memory://?ttl="+ttl)
		wantErr(t, "ttl="+ttl, err, larder.ErrBadTTL)
	}
	for _, d := range []time.Duration{0, -1, larder.MaxTTL + 1} {
		_, err := larder.Open(t.Context(), "memory://", larder.WithTTL(d))
		wantErr(t, "WithTTL", err, larder.ErrBadTTL)
	}
	c := openCache(t, "memory://")
	for _, d := range []time.Duration{-1, larder.MaxTTL + 1} {
		_, err := larder.NewView(c, "v:", larder.Policy[int]{TTL: d})
		wantErr(t, "NewView", err, larder.ErrBadTTL)
	}
}

// TestExpiry: an expired entry is an absent one, for every verb.
func TestExpiry(t *testing.T) {
	for _, url := range []string{"memory://", "memory://?isolate=true", "memory://?max_bytes=1mb", "memory://?codec=json+zstd"} {
		t.Run(url, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { expires(t, openCache(t, url)) })
		})
	}
}

func expires(t *testing.T, c *larder.Cache) {
	v, ctx := larder.Of[int](c, "p:"), t.Context()
	fill := func() {
		ok(t, v.SetMany(ctx, map[string]int{"a": 1, "b": 2, "c": 3}, larder.TTL(time.Hour)))
		time.Sleep(time.Hour - time.Nanosecond)
		want(t, v, "a", 1)
		time.Sleep(time.Nanosecond)
	}
	fill()
	wantMiss(t, v, "a")
	said(t, "Has", false)(v.Has(ctx, "a"))
	said(t, "Delete", false)(v.Delete(ctx, "a"))
	said(t, "Touch", false)(v.Touch(ctx, "a", larder.TTL(time.Hour)))
	said(t, "GetMany", map[string]int{})(v.GetMany(ctx, []string{"a", "b"}))
	said(t, "Keys", []string{})(keysOf(t, v.Keys(ctx)), nil)
	said(t, "Clear", 0)(v.Clear(ctx))
	_, _, err := v.TTL(ctx, "a")
	wantErr(t, "TTL", err, larder.ErrMiss)
	fill()
	said(t, "Add", true)(v.Add(ctx, "a", 4))
	said(t, "Incr", int64(5))(v.Incr(ctx, "b", 5))
	said(t, "GetOrSet", 6)(v.GetOrSet(ctx, "c", larder.Value(6)))
	time.Sleep(3 * time.Hour)
	said(t, "GetMany", map[string]int{"a": 4, "b": 5, "c": 6})(v.GetMany(ctx, []string{"a", "b", "c"}))
}
