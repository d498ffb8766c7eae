package interop

import (
	"context"
	"testing"
	"time"

	"github.com/larder-go/larder"
)

// Where the documentation and the code of async-caches disagree, larder does what its contract says, which is the documentation but
// for the last two of these tests. Each states both sides.

// TestMissingCounter: documented to become the delta. Python raises, larder makes it.
func TestMissingCounter(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both("ttl=60")
		py.raises(e, `c.incr("n", 5)`, "ValueError: '::n' is not set in the cache")
		py.raises(e, `c.decr("n", 5)`, "ValueError: '::n' is not set in the cache")
		said(e, "Decr", int64(-5))(c.Decr(e.Context(), "n", 5))
		wantLeft(e, c, "n", time.Minute)
		py.says(e, `c.decr("n", 5)`, "-10")
	})
}

// TestNullForGetOrSet: documented to set only what is missing. Python replaces null too; here null is a hit.
func TestNullForGetOrSet(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		py.run(e, `c.set("k", None)`, nil)
		got, err := c.GetOrSet(e.Context(), "k", never(e))
		said(e, "GetOrSet", any(nil))(got, err)
		said(e, "Has", true)(c.Has(e.Context(), "k"))
		got, err = c.GetOr(e.Context(), "k", "default")
		said(e, "GetOr", any(nil))(got, err)
		py.says(e, `c.get("k", "default")`, "null") // not the default either
		py.says(e, `c.get_or_set("k", "default")`, `"default"`)
	})
}

// TestNullInGetMany: Python cannot tell null from missing, a Go map can.
func TestNullInGetMany(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		py.run(e, `c.set("null", None)`, nil)
		py.says(e, `c.get_many(["null", "missing"])`, `{"null": null, "missing": null}`)
		got, err := c.GetMany(e.Context(), []string{"null", "missing"})
		if value, there := got["null"]; err != nil || len(got) != 1 || !there || value != nil {
			e.Errorf("Go: GetMany = %v, %v", got, err)
		}
	})
}

// TestGenerators: keys may be any iterable, by the type hint. A generator gives an empty dict.
func TestGenerators(t *testing.T) {
	everywhere(t, func(e env) {
		_, py := e.both()
		py.run(e, `c.set("a", 1)`, nil)
		py.says(e, `c.get_many(k for k in ["a"])`, `{}`)
	})
}

// TestTouchWithoutTTL: documented to be false for a missing key only. Python's is false also for one that does not expire.
func TestTouchWithoutTTL(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		ok(e, c.Set(e.Context(), "k", 1))
		py.says(e, `c.touch("k")`, "false")
		said(e, "Touch", true)(c.Touch(e.Context(), "k"))
		said(e, "Touch", true)(c.Touch(e.Context(), "k", larder.NoExpiry))
		said(e, "Touch", false)(c.Touch(e.Context(), "missing"))
	})
}

// TestSetManyTTL: documented to take a second command. It takes one more for each key, and lives without a lifetime until then; Go
// gives value and lifetime at once.
func TestSetManyTTL(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		ok(e, c.SetMany(e.Context(), map[string]any{"a": 1, "b": 2}, larder.TTL(time.Minute)))
		e.wantTTL("::a", 60)
		e.wantTTL("::b", 60)
		py.raises(e, `c.set_many({"a": 1}, ttl=-1.5)`, "ReplyError") // the values are stored before the lifetime is looked at
		e.wantTTL("::a", -1)
		wantErr(e, "SetMany", c.SetMany(e.Context(), map[string]any{"b": 3}, larder.TTL(-time.Second)), larder.ErrBadTTL)
		e.wantStored("::b", "2")
	})
}

// TestEmptyBatches: nothing is asked for: an error of the server in Python, nothing here.
func TestEmptyBatches(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		for _, expression := range []string{`c.get_many([])`, `c.set_many({})`, `c.delete_many([])`} {
			py.raises(e, expression, "ReplyError: ERR wrong number of arguments")
		}
		got, err := c.GetMany(e.Context(), nil)
		if err != nil || len(got) != 0 {
			e.Errorf("Go: GetMany = %v, %v", got, err)
		}
		ok(e, c.SetMany(e.Context(), nil))
		said(e, "DeleteMany", 0)(c.DeleteMany(e.Context(), nil))
	})
}

// TestVersionZero: "string or integer", but 0 and "" mean the cache's own in the code. Here larder follows the code: Python would not
// find the key otherwise.
func TestVersionZero(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both("version=7")
		py.run(e, `c.set("k", 1, version=0)`, nil)
		wantGet(e, c, "k", "1", larder.Version(0))
		ok(e, c.Set(e.Context(), "k", 2, larder.Version(0)))
		py.says(e, `c.get("k", version=7)`, "2")
		e.wantStored(":7:k", "2")
		py.raises(e, `c.set_many({"k": 1}, version=2)`, "TypeError")
		ok(e, c.SetMany(e.Context(), map[string]any{"k": 3}, larder.Version(2))) // Go can
		py.says(e, `c.get("k", version=2)`, "3")
	})
}

// TestCachedCall: `await cache(coroutine)` exists in 0.4.0, and makes a key of its own. Go finds it as the key it is.
func TestCachedCall(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		if py.version == "0.3.0" {
			py.raises(e, `c(fn(1))`, "TypeError")
			return
		}
		py.says(e, `c(fn(1, x=2))`, `[[1], {"x": 2}]`)
		wantGet(e, c, `::["main.<locals>.fn", [1], {"x": 2}]`, `[[1], {"x": 2}]`)
		py.says(e, `c(fn2(1, 2))`, `[1, 2]`)
		py.says(e, `c(fn2(3, 4))`, `[1, 2]`) // parameters that are not called args and kwds are not seen
		got, err := c.GetOrSet(context.Background(), `::["main.<locals>.fn2", [], null]`, never(e))
		if err != nil || !alike(got, parsed(e, "[1, 2]")) {
			e.Errorf("Go: GetOrSet = %v, %v", got, err)
		}
	})
}
