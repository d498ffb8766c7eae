package interop

import (
	"errors"
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/internal/redistest"
)

// TestNearCopySeesPython: whatever Python does to an entry that Go has a near copy of, Go sees it. Only by being told: the lifetime of
// copies that are not told of is an hour here. Python ignores both parameters.
func TestNearCopySeesPython(t *testing.T) {
	everywhere(t, func(e env) {
		// Its own, because a clear in any database empties near copies.
		e.server, e.number = redistest.Start(e, redistest.Use(e.server.Kind())), 0
		c := e.larder("near=1000", "near_ttl=3600")
		v, py := larder.Of[any](c, ""), e.cache("near=1000", "near_ttl=3600")
		py.run(e, `c.set("k", 0)`, nil)
		for _, change := range []struct{ expression, json string }{
			{`c.set("k", "text")`, `"text"`}, {`c.set_many({"k": "many"})`, `"many"`}, {`c.set("k", 5, ttl=60)`, "5"}, {`c.incr("k")`, "6"},
			{`c.decr("k", 0.5)`, "5.5"}, {`c.set("k", None)`, "null"}, {`c.get_or_set("k", 7)`, "7"}, {`c.delete("k")`, ""}, {`c.add("k", 8)`, "8"},
			{`c.touch("k", -1)`, ""}, {`c.set("k", 9)`, "9"}, {`c.delete_many(["k", "x"])`, ""}, {`c.set("k", 10)`, "10"}, {`c.clear()`, ""},
		} {
			e.nearHit(c, v)
			py.run(e, change.expression, nil)
			eventually(e, "seen: "+change.expression, func() bool {
				got, err := v.Get(e.Context(), "k")
				if change.json == "" {
					return errors.Is(err, larder.ErrMiss)
				}
				return err == nil && alike(got, parsed(e, change.json))
			})
		}
		if n := c.Stats().Near; n.Invalidations == 0 || n.Flushes == 0 {
			e.Errorf("%+v", n)
		}
	})
}

// nearHit reads k, if it is there, until the near copy answers.
func (e env) nearHit(c *larder.Cache, v *larder.View[any]) {
	e.Helper()
	if _, there := e.stored("::k"); !there {
		return
	}
	before := c.Stats().Near.Hits
	eventually(e, "a near hit", func() bool {
		_, err := v.Get(e.Context(), "k")
		return err != nil || c.Stats().Near.Hits > before
	})
}
