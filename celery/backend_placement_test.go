package celery

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/larder-go/larder/internal/memcachetest"
)

// placed is a key that real clients of Python have stored on several servers.
type placed struct {
	Case        string         `json:"case"`
	Key         string         `json:"key"`
	Servers     []string       `json:"servers"`
	ServerIndex map[string]int `json:"server_index"`
}

// placements are what Celery is configured with so that its client places keys so.
var placements = map[string]*struct {
	query     string
	behaviors map[string]any
}{
	"pylibmc/default":         {},
	"pylibmc/ketama":          {behaviors: map[string]any{"ketama": true}},
	"pylibmc/docs_celery":     {behaviors: map[string]any{"tcp_nodelay": true, "ketama": true}},
	"pylibmc/ketama_md5hash":  {behaviors: map[string]any{"ketama": true, "ketama_hash": "md5"}},
	"pylibmc/dist_consistent": {behaviors: map[string]any{"distribution": "consistent"}},
	"pylibmc/ketama_weighted": {behaviors: map[string]any{"ketama_weighted": true}},
	"pylibmc/hash_crc":        {behaviors: map[string]any{"hash": "crc"}},
	"python-memcached-1.58":   {query: "&hash=python-memcached"},
	"python-memcached-1.60":   {query: "&hash=python-memcached"},
	"pylibmc/hash_md5":        {behaviors: map[string]any{"hash": "md5"}},
	"pylibmc/hash_fnv1_32":    {behaviors: map[string]any{"hash": "fnv1_32"}},
	"pylibmc/hash_fnv1a_32":   {behaviors: map[string]any{"hash": "fnv1a_32"}},
	"pylibmc/hash_fnv1_64":    {behaviors: map[string]any{"hash": "fnv1_64"}},
	"pylibmc/hash_fnv1a_64":   {behaviors: map[string]any{"hash": "fnv1a_64"}},
	"pylibmc/hash_murmur":     {behaviors: map[string]any{"hash": "murmur"}},
}

// countsServers tells whether a rule only counts servers. Ketama's places depend on their names too, and the
// servers of a test have ports of their own: there the engine's tests compare its places with the same
// clients', and here it is looked at which rule is named.
func countsServers(name string) bool {
	return !strings.Contains(name, "ketama") && name != "pylibmc/dist_consistent" && name != "pylibmc/docs_celery"
}

func TestKeysAreWherePythonPutsThem(t *testing.T) {
	vectors := kvVectors[placed](t, "memcached_hashing")
	servers := []*memcachetest.Server{memcachetest.Start(t), memcachetest.Start(t), memcachetest.Start(t)}
	judged := map[string]int{}
	for name := range placements {
		if !countsServers(name) {
			continue
		}
		backends := map[string]*Backend{}
		for _, v := range vectors {
			want, ok := v.ServerIndex[name]
			if !ok {
				continue
			}
			judged[name]++
			url := placementURL(v, servers, placements[name].query)
			if backends[url] == nil {
				backends[url] = kvOpen(t, url+"&lazy=true", configured(Config{CacheBackendOptions: map[string]any{"behaviors": placements[name].behaviors}}))
			}
			if err := backends[url].Set(t.Context(), v.Key, []byte(name)); err != nil {
				t.Errorf("%s: %v", v.Case, err)
			}
			if value, _, there := servers[want].Value(t, v.Key); !there || value != name {
				t.Errorf("%s: %q is not on server %d by %s", v.Case, v.Key, want, name)
			}
		}
	}
	want := map[string]int{"pylibmc/default": 42, "pylibmc/hash_crc": 42, "pylibmc/hash_md5": 42, "pylibmc/hash_murmur": 42,
		"pylibmc/hash_fnv1_32": 42, "pylibmc/hash_fnv1a_32": 42, "pylibmc/hash_fnv1_64": 42, "pylibmc/hash_fnv1a_64": 42, "python-memcached-1.58": 51, "python-memcached-1.60": 51}
	if !maps.Equal(judged, want) {
		t.Errorf("judged %v, want %v", judged, want)
	}
}

// placementURL names as many servers as a vector has, and one that is dead where its was.
func placementURL(v placed, servers []*memcachetest.Server, query string) string {
	var addrs []string
	for i, name := range v.Servers {
		if strings.HasSuffix(name, "(dead)") {
			addrs, query = append(addrs, "127.0.0.1:1"), query+"&on_down=rehash"
		} else {
			addrs = append(addrs, servers[i].Addr())
		}
	}
	return "cache+memcached://" + strings.Join(addrs, ";") + "/?dial_timeout=5" + query
}

// What a client's options mean is a rule of the engine, whose places the engine's own tests compare with
// the same clients.
func TestClientOptionsBecomeRules(t *testing.T) {
	rules := map[string]string{
		"pylibmc/default": "modula", "pylibmc/ketama": "ketama", "pylibmc/docs_celery": "ketama", "pylibmc/ketama_md5hash": "ketama",
		"pylibmc/dist_consistent": "ketama", "pylibmc/ketama_weighted": "ketama_weighted", "pylibmc/hash_crc": "crc",
	}
	same := map[string]string{} // a rule has one place for a key, whichever options name it
	for _, v := range kvVectors[placed](t, "memcached_hashing") {
		for name, index := range v.ServerIndex {
			if _, known := placements[name]; !known {
				t.Errorf("%s: %s is judged nowhere", v.Case, name)
			}
			if rule := rules[name]; rule != "" {
				id := fmt.Sprint(v.Key, v.Servers, rule)
				if first, seen := same[id]; seen && first != fmt.Sprint(index) {
					t.Errorf("%s: %s is not %s", v.Case, name, rule)
				}
				same[id] = fmt.Sprint(index)
			}
		}
	}
	for name, rule := range rules {
		got, err := placementOf(map[string]any{"behaviors": placements[name].behaviors})
		if got != rule || err != nil {
			t.Errorf("%s: %q, %v, want %q", name, got, err, rule)
		}
	}
}

func TestRulesThatAreNotKnown(t *testing.T) {
	for _, behaviors := range []any{
		map[string]any{"hash": "hsieh"}, map[string]any{"hash": "md5", "ketama": true},
		map[string]any{"distribution": "random"}, map[string]any{"distribution": "consistent_ketama_spy"}, "ketama", 1,
		map[string]any{"nosuch": 1}, map[string]any{"connect_timeout": "x"}, map[string]any{"connect_timeout": -1},
	} {
		_, err := NewBackend(Config{ResultBackend: "memcached://a;b", CacheBackendOptions: map[string]any{"behaviors": behaviors}}, kvQuiet)
		if err == nil || !strings.Contains(err.Error(), "cache_backend_options") {
			t.Errorf("%v: %v", behaviors, err)
		}
	}
	for options, want := range map[string]string{"binary": "", "check_keys": "", "nosuch": "unknown option"} {
		b, err := NewBackend(Config{ResultBackend: "memcached://a;b", CacheBackendOptions: map[string]any{options: true}}, kvQuiet)
		switch {
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v", options, err)
		case want == "" && err != nil:
			t.Errorf("%s: %v", options, err)
		case want == "":
			if w := b.Warnings(); len(w) != 1 || !strings.Contains(w[0].Text, options) {
				t.Errorf("%s: %v", options, w)
			}
			_ = b.Close()
		}
	}
}

// TestOptionsOfPythonMemcached say that this is the client, which no setting of Celery's names: with any
// other they fail.
func TestOptionsOfPythonMemcached(t *testing.T) {
	ketama := map[string]any{"ketama": true}
	for _, v := range []struct {
		url      string
		options  map[string]any
		engine   string
		warnings int
	}{
		{"memcached://a;b", map[string]any{"debug": 0}, "memcached://a;b/?hash=python-memcached&keys=verbatim", 0},
		{"memcached://a;b", map[string]any{"dead_retry": 30, "socket_timeout": 3}, "memcached://a;b/?hash=python-memcached&keys=verbatim", 2},
		{"memcached://a;b", map[string]any{"debug": 0, "behaviors": ketama}, "memcached://a;b/?hash=python-memcached&keys=verbatim", 1},
		{"memcached://a;b?hash=modula", map[string]any{"debug": 0}, "memcached://a;b/?hash=modula&keys=verbatim", 0},
		{"memcached://a;b", map[string]any{"binary": true, "behaviors": ketama}, "memcached://a;b/?hash=ketama&keys=verbatim", 1},
		{"memcached:///m.sock", map[string]any{"debug": 0}, "memcached+unix:///m.sock?keys=verbatim", 0},
	} {
		a, err := translate(Config{ResultBackend: v.url, CacheBackendOptions: v.options})
		if err != nil || a.engine != v.engine || len(a.warnings) != v.warnings {
			t.Errorf("%s, %v: %s, %v, %v", v.url, v.options, a.engine, a.warnings, err)
		}
	}
	both := map[string]any{"binary": true, "debug": 0}
	if _, err := translate(Config{ResultBackend: "memcached://a", CacheBackendOptions: both}); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "binary") {
		t.Errorf("%v", err)
	}
	_, _, err := ReadConfig(strings.NewReader("cache_backend_options: {binary: true, debug: 0}"))
	if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "debug of python-memcached") || strings.Count(err.Error(), "options:") != 1 {
		t.Errorf("%v", err)
	}
}

func TestWeights(t *testing.T) {
	weighted := map[string]any{"behaviors": map[string]any{"ketama_weighted": true}}
	for raw, want := range map[string]string{
		"cache+memcached://a:1:2;b:1:3/": "memcached://a:1;b:1/?weights=2%2C3&hash=ketama_weighted&keys=verbatim",
		"cache+memcached://a:1;b:1/":     "memcached://a:1;b:1/?hash=ketama_weighted&keys=verbatim",
	} {
		a, err := translate(Config{ResultBackend: raw, CacheBackendOptions: weighted})
		if err != nil || a.engine != want {
			t.Errorf("%s: %s, %v", raw, a.engine, err)
		}
	}
	a, err := translate(Config{ResultBackend: "pylibmc://u:p@a:1:2;b:1:3"})
	if err != nil || len(a.warnings) != 1 || !slices.Equal(a.servers, []string{"a:1", "b:1"}) {
		t.Errorf("without ketama_weighted: %v, %v, %v", a.servers, a.warnings, err)
	}
}
