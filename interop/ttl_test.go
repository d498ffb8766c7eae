package interop

import (
	"context"
	"testing"
	"time"

	"github.com/larder-go/larder"
)

// wantLeft compares what Go says of a lifetime; 0: none.
func wantLeft(t testing.TB, v *larder.View[any], key string, want time.Duration) {
	t.Helper()
	got, expires, err := v.TTL(context.Background(), key)
	if err != nil || expires != (want > 0) || got > want || got < want-5*time.Second {
		t.Errorf("Go: TTL %q = %v, %v, %v; want %v", key, got, expires, err, want)
	}
}

// TestTTL: every way to give a lifetime, seen from the other side.
func TestTTL(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		ctx := e.Context()
		minute := larder.TTL(time.Minute)
		ok(e, c.Set(ctx, "set", 1, minute))
		said(e, "Add", true)(c.Add(ctx, "add", 1, minute))
		ok(e, c.SetMany(ctx, map[string]any{"many-a": 1, "many-b": 2}, minute))
		_, err := c.GetOrSet(ctx, "load", func(context.Context) (any, error) { return 1, nil }, minute)
		ok(e, err)
		said(e, "Incr", int64(1))(c.Incr(ctx, "count", 1, minute))
		for _, key := range []string{"set", "add", "many-a", "many-b", "load", "count"} {
			e.wantTTL("::"+key, 60)
			py.says(e, `c.touch("`+key+`")`, "true") // Python has no verb for it, but takes lifetimes away: there was one
			wantLeft(e, c, key, 0)
		}

		py.run(e, `c.set("py-set", 1, ttl=60)`, nil)
		py.run(e, `c.set("py-text", 1, ttl="60")`, nil)
		py.run(e, `c.add("py-add", 1, ttl=60)`, nil)
		py.run(e, `c.set_many({"py-many-a": 1, "py-many-b": 2}, ttl=60)`, nil)
		py.run(e, `c.get_or_set("py-load", 1, ttl=60)`, nil)
		for _, key := range []string{"py-set", "py-text", "py-add", "py-many-a", "py-many-b", "py-load"} {
			wantLeft(e, c, key, time.Minute)
		}
		py.run(e, `c.set("py-none", 1)`, nil)
		wantLeft(e, c, "py-none", 0)
	})
}

// TestDefaultTTL: one URL gives both sides the same default, in seconds. Go can say "never" in spite of it, Python cannot.
func TestDefaultTTL(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both("ttl=600")
		ctx := e.Context()
		ok(e, c.Set(ctx, "go", 1))
		ok(e, c.Set(ctx, "never", 1, larder.NoExpiry))
		ok(e, c.SetMany(ctx, map[string]any{"many": 1}))
		said(e, "Incr", int64(1))(c.Incr(ctx, "count", 1))
		py.run(e, `c.set("python", 1)`, nil)
		py.run(e, `c.set("py-none", 1, ttl=None)`, nil)
		for _, key := range []string{"go", "many", "count", "python", "py-none"} {
			wantLeft(e, c, key, 10*time.Minute)
		}
		wantLeft(e, c, "never", 0)

		py.says(e, `c.touch("never")`, "true") // takes the default
		wantLeft(e, c, "never", 10*time.Minute)
		ok(e, c.Set(ctx, "never", 1, larder.NoExpiry))
		said(e, "Touch", true)(c.Touch(ctx, "never"))
		wantLeft(e, c, "never", 10*time.Minute)
	})
}

// TestSetReplacesTTL: a Set without a lifetime takes the old one away, on either side; an Add that loses leaves it.
func TestSetReplacesTTL(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		py.run(e, `c.set("k", 1, ttl=60)`, nil)
		said(e, "Add", false)(c.Add(e.Context(), "k", 2, larder.TTL(time.Hour)))
		wantLeft(e, c, "k", time.Minute)
		ok(e, c.Set(e.Context(), "k", 2))
		e.wantTTL("::k", -1)
		ok(e, c.Set(e.Context(), "k", 2, larder.TTL(time.Minute)))
		py.says(e, `c.add("k", 3, ttl=3600)`, "false")
		e.wantTTL("::k", 60)
		py.run(e, `c.set("k", 3)`, nil)
		wantLeft(e, c, "k", 0)
	})
}

func TestTouch(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		ctx := e.Context()
		ok(e, c.Set(ctx, "k", 1))
		py.says(e, `c.touch("k", 60)`, "true")
		wantLeft(e, c, "k", time.Minute)
		said(e, "Touch", true)(c.Touch(ctx, "k", larder.TTL(time.Hour)))
		e.wantTTL("::k", 3600)
		py.says(e, `c.touch("k")`, "true")
		wantLeft(e, c, "k", 0)
		ok(e, c.Set(ctx, "k", 1, larder.TTL(time.Hour)))
		said(e, "Touch", true)(c.Touch(ctx, "k"))
		e.wantTTL("::k", -1)
		py.says(e, `c.touch("absent", 60)`, "false")
		said(e, "Touch", false)(c.Touch(ctx, "absent", larder.TTL(time.Hour)))

		// A trap: a negative lifetime deletes in Python, and says true.
		py.says(e, `c.touch("k", -1)`, "true")
		wantMiss(e, c, "k")
		ok(e, c.Set(ctx, "k", 1))
		_, err := c.Touch(ctx, "k", larder.TTL(-time.Second))
		wantErr(e, "Touch", err, larder.ErrBadTTL)
		e.wantStored("::k", "1")
	})
}

// TestExpires: what one side lets expire is gone for the other.
func TestExpires(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		ok(e, c.Set(e.Context(), "go", 1, larder.TTL(300*time.Millisecond)))
		py.run(e, `c.set("python", 1, ttl=1)`, nil)
		py.says(e, `c.get("go")`, "1")
		wantGet(e, c, "python", "1")
		eventually(e, "expired for Python", func() bool { return py.run(e, `c.get("go")`, nil).Repr == "None" })
		eventually(e, "expired for Go", func() bool { has, err := c.Has(e.Context(), "python"); return err == nil && !has })
		py.says(e, `c.add("go", 2)`, "true")
		said(e, "Add", true)(c.Add(e.Context(), "python", 2))
	})
}

// TestBadTTL: both refuse 0; the rest is an error here before the server is asked.
func TestBadTTL(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		for _, ttl := range []time.Duration{0, -time.Second, larder.MaxTTL + 1} {
			wantErr(e, "Set", c.Set(e.Context(), "k", 1, larder.TTL(ttl)), larder.ErrBadTTL)
		}
		py.raises(e, `c.set("k", 1, ttl=0)`, "ValueError")
		py.raises(e, `c.set("k", 1, ttl=-1)`, "ReplyError")
		py.raises(e, `c.set("k", 1, ttl=1.5)`, "ReplyError")
		if keys := e.keys(); len(keys) != 0 {
			e.Errorf("stored all the same: %q", keys)
		}
		ok(e, c.Set(e.Context(), "k", 1, larder.TTL(1500*time.Millisecond))) // Go has fractions
		py.says(e, `c.get("k")`, "1")
	})
}
