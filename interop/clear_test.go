package interop

import (
	"testing"

	"github.com/larder-go/larder"
)

// TestPythonClears: async-caches' clear wipes the database, whatever its key prefix.
func TestPythonClears(t *testing.T) {
	everywhere(t, func(e env) {
		c := larder.Of[any](e.larder("key_prefix=go"), "")
		py := e.cache("key_prefix=python")
		ok(e, c.Set(e.Context(), "k", 1))
		e.put("foreign", "x")
		py.run(e, `c.set("k", 2)`, nil)
		py.run(e, `c.clear()`, nil)
		wantMiss(e, c, "k")
		if keys := e.keys(); len(keys) != 0 {
			e.Errorf("left: %q", keys)
		}
		got, err := c.GetOrSet(e.Context(), "k", larder.Value[any]("again"))
		said(e, "GetOrSet", any("again"))(got, err)
	})
}

// TestGoClears: the cache's Clear wipes the database too, and says so; a view's has only its own keys.
func TestGoClears(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.larder("key_prefix=go"), e.cache("key_prefix=python")
		other := e.cache("key_prefix=go", "version=2")
		mine := e.cache("key_prefix=go")
		for _, p := range []client{py, other, mine} {
			p.run(e, `c.set_many({"a": 1, "b": 2})`, nil)
		}
		py.run(e, `c.set("go::a", 3)`, nil) // has the prefix, but does not begin with it
		said(e, "Clear of a view", 2)(larder.Of[any](c, "").Clear(e.Context()))
		mine.says(e, `c.get_many(["a", "b"])`, `{"a": null, "b": null}`)
		py.says(e, `c.get_many(["a", "b"])`, `{"a": 1, "b": 2}`)
		other.says(e, `c.get_many(["a", "b"])`, `{"a": 1, "b": 2}`)
		py.says(e, `c.get("go::a")`, "3")

		_, err := c.Clear(e.Context())
		ok(e, err)
		py.says(e, `c.get("a")`, "null")
		if keys := e.keys(); len(keys) != 0 {
			e.Errorf("left: %q", keys)
		}
	})
}
