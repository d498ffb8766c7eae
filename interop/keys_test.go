package interop

import (
	"slices"
	"testing"

	"github.com/larder-go/larder"
)

// forms are the ways to say key prefix and version: in the URL, which both sides read, and to the constructor.
var forms = []struct {
	name    string
	params  []string
	options vars // Python's
	opts    []larder.Option
	key     string // of k, in Redis
}{
	{name: "none", key: "::k"},
	{name: "url prefix", params: []string{"key_prefix=forum"}, key: "forum::k"},
	{name: "url version", params: []string{"version=2019"}, key: ":2019:k"},
	{name: "url both", params: []string{"key_prefix=forum", "version=v2"}, key: "forum:v2:k"},
	{name: "url escaped", params: []string{"key_prefix=f%C3%B6r%20um%3A", "version=a%2Bb"}, key: "för um::a+b:k"},
	{name: "url plus", params: []string{"key_prefix=a+b"}, key: "a b::k"},
	{name: "prefix", options: vars{"key_prefix": "forum"}, opts: []larder.Option{larder.WithKeyPrefix("forum")}, key: "forum::k"},
	{name: "version", options: vars{"version": 7}, opts: []larder.Option{larder.WithVersion("7")}, key: ":7:k"},
	{name: "text version", options: vars{"version": "seven"}, opts: []larder.Option{larder.WithVersion("seven")}, key: ":seven:k"},
	{name: "both", options: vars{"key_prefix": "a:", "version": 1}, opts: []larder.Option{larder.WithKeyPrefix("a:"), larder.WithVersion("1")}, key: "a::1:k"},
	{
		name: "option beats url", params: []string{"key_prefix=up", "version=7"}, options: vars{"key_prefix": "kw", "version": "vk"},
		opts: []larder.Option{larder.WithKeyPrefix("kw"), larder.WithVersion("vk")}, key: "kw:vk:k",
	},
}

func TestKeys(t *testing.T) {
	everywhere(t, func(e env) {
		for _, f := range forms {
			e.Run(f.name, func(t *testing.T) {
				e := e.fresh(t)
				c := larder.Of[any](e.open(e.url(f.params...), f.opts...), "")
				py := e.py.open(e, e.url(f.params...), f.options)
				ok(e, c.Set(e.Context(), "k", "go"))
				py.says(e, `c.get("k")`, `"go"`)
				py.run(e, `c.set("k", "python")`, nil)
				wantGet(e, c, "k", `"python"`)
				if keys := e.keys(); !slices.Equal(keys, []string{f.key}) {
					e.Errorf("keys %q; want %q alone", keys, f.key)
				}
				said(e, "Clear", 1)(c.Clear(e.Context()))
			})
		}
	})
}

// TestVersions: per call, on either side, numbers and text being the same; 0 and "" mean the cache's own.
func TestVersions(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both("version=1", "key_prefix=p")
		ok(e, c.Set(e.Context(), "k", "two", larder.Version(2)))
		ok(e, c.Set(e.Context(), "k", "beta", larder.Version("beta")))
		ok(e, c.Set(e.Context(), "k", "own", larder.Version(0)))
		py.says(e, `c.get("k", version=2)`, `"two"`)
		py.says(e, `c.get("k", version="2")`, `"two"`)
		py.says(e, `c.get("k", version="beta")`, `"beta"`)
		py.says(e, `c.get("k", version=0)`, `"own"`)
		py.says(e, `c.get("k", version="")`, `"own"`)
		py.says(e, `c.get_many(["k"], 2)`, `{"k": "two"}`)

		py.run(e, `c.set("k", 1.5, version=3)`, nil)
		wantGet(e, c, "k", "1.5", larder.Version(3))
		wantGet(e, c, "k", "1.5", larder.Version("3"))
		wantGet(e, c, "k", `"own"`, larder.Version(""))
		py.run(e, `c.delete("k", 2)`, nil)
		wantMiss(e, c, "k", larder.Version(2))
		said(e, "Delete", true)(c.Delete(e.Context(), "k", larder.Version("beta")))
		py.says(e, `c.get("k", version="beta")`, "null")
	})
}

// awkward are keys that nothing is done to on the way.
var awkward = []string{
	"", " ", "a b", "a:b:c", ":", "::", "ключ", "鍵", "🔑", "e\u0301", "é", "\u0000", "\r\n", "line\nbreak", "*", "h[a]?\\", "{tag}x", "{", "'", `"`, "%20", "+", "None",
}

func TestAwkwardKeys(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both("key_prefix=p")
		for _, key := range awkward {
			ok(e, c.Set(e.Context(), key, "go:"+key))
			r := py.run(e, `steps(lambda: c.get(k), lambda: c.set(k, "python:" + k))`, vars{"k": key})
			if got := decode(e, r); got != "go:"+key {
				e.Errorf("Python: get(%q) = %q", key, got)
			}
			if got, err := c.Get(e.Context(), key); err != nil || got != "python:"+key {
				e.Errorf("Go: Get(%q) = %q, %v", key, got, err)
			}
			e.wantStored("p::"+key, *py.run(e, `coroutine("python:" + k)`, vars{"k": key}).JSON)
		}
		var walked []string
		for key, err := range c.Keys(e.Context()) {
			ok(e, err)
			walked = append(walked, key)
		}
		slices.Sort(walked)
		if want := slices.Sorted(slices.Values(awkward)); !slices.Equal(walked, want) {
			e.Errorf("Keys: %q; want %q", walked, want)
		}
	})
}

// TestViewPrefix: a view's prefix is a part of the key for Python.
func TestViewPrefix(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.larder("key_prefix=shop"), e.cache("key_prefix=shop")
		users := larder.Of[any](c, "user:")
		ok(e, users.Set(e.Context(), "1", "Ann"))
		py.says(e, `c.get("user:1")`, `"Ann"`)
		py.run(e, `c.set_many({"user:2": "Bob", "user": "nobody", "users:1": "all"})`, nil)
		wantGet(e, users, "2", `"Bob"`)
		said(e, "Clear", 2)(users.Clear(e.Context()))
		py.says(e, `c.get_many(["user:1", "user:2", "user", "users:1"])`, `{"user:1": null, "user:2": null, "user": "nobody", "users:1": "all"}`)
	})
}
