package larder_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/larder-go/larder"
)

// TestClearOfAView takes its own keys, of this key prefix and version, and nothing else.
func TestClearOfAView(t *testing.T) {
	crossed(t, func(e env) {
		ctx := e.Context()
		for _, v := range []string{"a:", "ab:", "b", "%", "_", "A:"} {
			ok(e, larder.Of[int](e.c, v).SetMany(ctx, map[string]int{"1": 1, "2": 2}))
		}
		said(e, "Clear of a:", 2)(larder.Of[int](e.c, "a:").Clear(ctx))
		said(e, "Clear of a: again", 0)(larder.Of[int](e.c, "a:").Clear(ctx))
		said(e, "Clear of %", 2)(larder.Of[int](e.c, "%").Clear(ctx))
		said(e, "Clear of _", 2)(larder.Of[int](e.c, "_").Clear(ctx))
		left := []string{"A:1", "A:2", "ab:1", "ab:2", "b1", "b2"}
		said(e, "what is left", left)(keysOf(e, e.c.Keys(ctx)), nil)
		said(e, "Clear of a", 2)(larder.Of[int](e.c, "a").Clear(ctx))
		if e.bare() {
			if _, err := larder.Of[int](e.c, "").Clear(ctx); err == nil {
				e.Error("a view without prefix under layout=bare cleared the database")
			}
		} else {
			said(e, "Clear of what is left", 4)(larder.Of[int](e.c, "").Clear(ctx))
			left = left[:0]
		}
		if e.bare() {
			left = []string{"A:1", "A:2", "b1", "b2"}
		}
		said(e, "what is left", left)(keysOf(e, e.c.Keys(ctx)), nil)
	})
}

// neighbours opens caches of several key prefixes and versions on one database.
func neighbours(t *testing.T, base string) map[string]*larder.Cache {
	caches := map[string]*larder.Cache{}
	for _, params := range []string{"", "key_prefix=a", "key_prefix=ab", "key_prefix=a&version=1", "key_prefix=a&version=10", "version=1", "layout=bare"} {
		c := openCache(t, strings.TrimRight(base+params, "&"))
		ok(t, larder.Of[int](c, "").SetMany(t.Context(), map[string]int{"k": 1, "l": 2}))
		caches[params] = c
	}
	return caches
}

func bothFiles(t *testing.T, run func(t *testing.T, base string)) {
	t.Run("memory", func(t *testing.T) { run(t, named(t)+"max_entries=1000&") })
	t.Run("sqlite", func(t *testing.T) { run(t, "sqlite:"+filepath.Join(t.TempDir(), "cache.db")+"?timeout=1m&") })
}

func TestClearSparesNeighbours(t *testing.T) {
	bothFiles(t, func(t *testing.T, base string) {
		caches := neighbours(t, base)
		for params, c := range caches {
			if params == "layout=bare" {
				continue
			}
			said(t, "Clear of "+params, 2)(larder.Of[int](c, "").Clear(t.Context()))
			ok(t, larder.Of[int](c, "").SetMany(t.Context(), map[string]int{"k": 1, "l": 2}))
			for other, c := range caches {
				if other != "layout=bare" {
					said(t, "Keys of "+other, []string{"k", "l"})(keysOf(t, c.Keys(t.Context())), nil)
				}
			}
		}
	})
}

// TestCacheClearIsEverything: other programs' keys too.
func TestCacheClearIsEverything(t *testing.T) {
	bothFiles(t, func(t *testing.T, base string) {
		caches := neighbours(t, base)
		said(t, "Clear", 2*len(caches))(caches["key_prefix=a"].Clear(t.Context()))
		said(t, "Keys of the database", []string{})(keysOf(t, caches["layout=bare"].Keys(t.Context())), nil)
	})
}
