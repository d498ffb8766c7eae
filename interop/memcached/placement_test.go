package memcached_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/larder-go/larder"
)

// rules are how a client of Python's is told to place keys, and how this one is.
var rules = []struct {
	name, client string
	options      map[string]any
	params       string
	weights      []int
}{
	{"ketama", "pylibmc", behaviors("ketama", true), "&hash=ketama", nil},
	{"ketama by default", "pylibmc", behaviors("ketama", true), "", nil},
	{"ketama_weighted", "pylibmc", behaviors("ketama_weighted", true), "&hash=ketama_weighted", nil},
	{"ketama_weighted with weights", "pylibmc", behaviors("ketama_weighted", true), "&hash=ketama_weighted", []int{3, 1, 2}},
	{"modula", "pylibmc", nil, "&hash=modula", nil},
	{"crc", "pylibmc", behaviors("hash", "crc"), "&hash=crc", nil},
	{"python-memcached", "python-memcached", nil, "&hash=python-memcached", nil},
}

func behaviors(name string, value any) map[string]any {
	return map[string]any{"behaviors": map[string]any{name: value}}
}

const placedKeys = 200

// TestPlacement: what either side has stored, the other finds, on one, two and three servers.
func TestPlacement(t *testing.T) {
	for _, rule := range rules {
		for n := 1; n <= 3; n++ {
			t.Run(fmt.Sprintf("%s/%d", rule.name, n), func(t *testing.T) {
				addresses := pool(t, n)
				for i := range addresses {
					if rule.weights != nil {
						addresses[i] += fmt.Sprint(":", rule.weights[i])
					}
				}
				p := open(t, rule.client, addresses, rule.options)
				v := larder.Of[string](cache(t, addresses, rule.params), "")
				p.run(`[c.set(f"py:{i}", json.dumps(f"{i}")) for i in range(n)]`, with{"n": placedKeys})
				ours, theirs := map[string]string{}, []string{}
				for i := range placedKeys {
					ours[fmt.Sprint("go:", i)] = fmt.Sprint(i)
					theirs = append(theirs, fmt.Sprint("py:", i))
				}
				if err := v.SetMany(t.Context(), ours); err != nil {
					t.Fatal(err)
				}
				if got, err := v.GetMany(t.Context(), theirs); len(got) != placedKeys || err != nil {
					t.Errorf("Go finds %d of %d, %v", len(got), placedKeys, err)
				}
				p.says(fmt.Sprint(placedKeys), `sum(c.get(f"go:{i}") == json.dumps(f"{i}") for i in range(n))`, with{"n": placedKeys})
				for i, s := range servers[:n] {
					if keys := s.Keys(t); len(keys) < placedKeys/10 {
						t.Errorf("server %d has %d keys: everything is elsewhere", i, len(keys))
					}
				}
			})
		}
	}
}

// TestCountersOfBothSides: nothing is lost when both count at the same time.
func TestCountersOfBothSides(t *testing.T) {
	each(t, func(t *testing.T, _ string, p python, addresses []string) {
		c := cache(t, addresses, "")
		p.run("c.set('n', 0)", nil)
		const each, workers = 500, 4
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for range each {
					if _, err := c.Incr(t.Context(), "n", 1); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		p.run("[c.incr('n', 1) for _ in range(n)]", with{"n": each})
		all.Wait()
		p.says(fmt.Sprint((workers+1)*each), "int(c.get('n'))", nil)
		if n, err := c.Incr(t.Context(), "n", 0); n != (workers+1)*each || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// TestHostileKeys: what Python can write at all is there in Go, by the same name, and what it cannot is stored where it sees nothing.
func TestHostileKeys(t *testing.T) {
	each(t, func(t *testing.T, kind string, p python, addresses []string) {
		v := larder.Of[string](cache(t, addresses, ""), "")
		for _, key := range []string{strings.Repeat("k", 250), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "é", "😀", "a%20b", "sha256:short"} {
			if err := v.Set(t.Context(), key, "go"); err != nil {
				t.Fatal(err)
			}
			p.says(`'"go"'`, "c.get(k)", with{"k": key})
			p.run(`c.set(k, '"py"')`, with{"k": key})
			if got, err := v.Get(t.Context(), key); got != "py" || err != nil {
				t.Errorf("%q: %q, %v", key, got, err)
			}
		}
		before := len(servers[0].Keys(t))
		hostile := []string{"a b", "a\r\nflush_all", "\x00", strings.Repeat("k", 251), "a\x7f", "sha256:" + strings.Repeat("a", 64)}
		for _, key := range hostile {
			if err := v.Set(t.Context(), key, "go"); err != nil {
				t.Errorf("%q: %v", key, err)
			}
			if got, err := v.Get(t.Context(), key); got != "go" || err != nil {
				t.Errorf("%q: %q, %v", key, got, err)
			}
			if kind == "pylibmc" && strings.Contains(key, "\n") {
				continue // it sends the second line as a command, and here that would empty the server
			}
			if r, err := worker.Ask(p.command("c.get(k)", with{"k": key})); err != nil || r.Raises == "" && r.Repr != "None" {
				t.Errorf("%q: Python finds %s, %v", key, r.Repr, err)
			}
		}
		if n := len(servers[0].Keys(t)); n != before+len(hostile) {
			t.Errorf("%d keys; want %d", n, before+len(hostile))
		}
	})
}
