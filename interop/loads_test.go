package interop

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/larder-go/larder"
)

// TestPythonSetsDuringLoad: what Python has set while Go was loading stands, and it is not overwritten by the older value.
func TestPythonSetsDuringLoad(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		got, err := c.GetOrSet(e.Context(), "k", func(context.Context) (any, error) {
			py.run(e, `c.set("k", "newer")`, nil)
			return "older", nil
		})
		if err != nil || (got != "older" && got != "newer") {
			e.Errorf("Go: GetOrSet = %v, %v", got, err)
		}
		py.says(e, `c.get("k")`, `"newer"`)
		wantGet(e, c, "k", `"newer"`)
	})
}

// TestPythonDeletesDuringLoad: a delete of what is absent leaves no trace that Go could see, so what is loaded is stored.
func TestPythonDeletesDuringLoad(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		_, err := c.GetOrSet(e.Context(), "k", func(context.Context) (any, error) {
			py.run(e, `c.delete("k")`, nil)
			return "loaded", nil
		})
		ok(e, err)
		py.says(e, `c.get("k")`, `"loaded"`)
	})
}

// TestLoadedOnce: any number of callers load once, while Python looks on.
func TestLoadedOnce(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		other := larder.Of[any](e.larder(), "") // as another process
		var loads atomic.Int64
		load := func(context.Context) (any, error) {
			loads.Add(1)
			py.says(e, `c.get("k")`, "null")
			return "loaded", nil
		}
		var wg sync.WaitGroup
		for i := range 50 {
			v := []*larder.View[any]{c, other}[i%2]
			wg.Go(func() {
				got, err := v.GetOrSet(e.Context(), "k", load)
				said(e, "GetOrSet", any("loaded"))(got, err)
			})
		}
		wg.Wait()
		if n := loads.Load(); n != 1 {
			e.Errorf("%d loads", n)
		}
		py.says(e, `c.get("k")`, `"loaded"`)
	})
}

// TestLeaseIsInvisible: while Go loads, Python finds nothing under any key of its own: whatever the engine keeps for itself is neither
// under the key nor where async-caches could make a key, and goes away.
func TestLeaseIsInvisible(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both("key_prefix=p", "version=1")
		keys := []string{"k", "a:b", "{tag}k", "}{", ""}
		for _, key := range keys {
			_, err := c.GetOrSet(e.Context(), key, func(ctx context.Context) (any, error) {
				e.wantNothingToRead(py)
				py.run(e, `c.get_or_set("other", 1)`, nil)
				for name, err := range larder.Of[any](e.larder("key_prefix=p", "version=1"), "").Keys(ctx) {
					if err != nil || name != "other" {
						e.Errorf("Go: Keys: %q, %v", name, err)
					}
				}
				py.run(e, `c.delete("other")`, nil)
				return "loaded", nil
			})
			ok(e, err)
			said(e, "Delete", true)(c.Delete(e.Context(), key))
		}
		eventually(e, "empty: leases stay", func() bool { return len(e.keys()) == 0 })
	})
}

// wantNothingToRead looks at whatever is in Redis while nothing is cached.
func (e env) wantNothingToRead(py client) {
	e.Helper()
	for _, wire := range e.keys() {
		if strings.HasPrefix(wire, "p:") {
			e.Errorf("Python would take %q for a key of its own", wire)
		}
		if ttl, _ := e.db().Query("PTTL", wire); ttl == int64(-1) {
			e.Errorf("%q stays for ever", wire)
		}
	}
	py.says(e, `c.get_many(["k", "a:b", "{tag}k", "}{", ""])`, `{"k": null, "a:b": null, "{tag}k": null, "}{": null, "": null}`)
}

// TestGetOrSetBothSides: Python does not take part in Go's single load, but both end with one value.
func TestGetOrSetBothSides(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				got, err := c.GetOrSet(e.Context(), "k", func(context.Context) (any, error) { return "go", nil })
				if err != nil || (got != "go" && got != "python") {
					e.Errorf("Go: GetOrSet = %v, %v", got, err)
				}
			})
			wg.Go(func() {
				if _, err := py.repeat(`c.get_or_set("k", lambda: coroutine("python", 0.01))`, 4, 4); err != nil {
					e.Error(err)
				}
			})
		}
		wg.Wait()
		value, _ := e.stored("::k")
		wantGet(e, c, "k", value)
		py.says(e, `c.get("k")`, value)
	})
}

// TestUnreadableIsLoaded: what Python left and Go cannot read counts as absent for a load, and is replaced.
func TestUnreadableIsLoaded(t *testing.T) {
	everywhere(t, func(e env) {
		py := e.cache()
		numbers := larder.Of[int](e.open(e.url(), quiet()), "")
		py.run(e, `c.set("k", "no number")`, nil)
		_, err := numbers.Get(e.Context(), "k")
		wantErr(e, "Get", err, larder.ErrCodec)
		got, err := numbers.GetOrSet(e.Context(), "k", func(context.Context) (int, error) { return 7, nil })
		said(e, "GetOrSet", 7)(got, err)
		py.says(e, `c.get("k")`, "7")
	})
}
