package celery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
)

// A kvVerdict compares what a method of Celery's did with what this package does.
type kvVerdict struct {
	name string
	do   func(ctx context.Context, b *Backend) string
	same map[string]string // by the outcome in the vectors, or its beginning: what is said here
}

// kvSaid writes what a method returned as these tests compare it.
func kvSaid(v any, err error) string {
	for name, is := range map[string]error{
		"missing": ErrMiss, "bad key": ErrBadKey, "bad id": ErrBadID, "no number": ErrNotNumber, "too large": ErrTooLarge, "bad ttl": ErrBadTTL,
	} {
		if errors.Is(err, is) {
			return name
		}
	}
	if err != nil {
		return "error"
	}
	if b, ok := v.([]byte); ok {
		return strconv.Quote(string(b))
	}
	return fmt.Sprint(v)
}

// kvSet sets and says "stored".
func kvSet(key, value string) func(context.Context, *Backend) string {
	return func(ctx context.Context, b *Backend) string { return kvSaid("stored", b.Set(ctx, key, []byte(value))) }
}

func kvGet(key string) func(context.Context, *Backend) string {
	return func(ctx context.Context, b *Backend) string { return kvSaid(b.Get(ctx, key)) }
}

func kvExpire(key string, seconds int) func(context.Context, *Backend) string {
	return func(ctx context.Context, b *Backend) string { return kvSaid(b.Expire(ctx, key, seconds)) }
}

func kvMGet(keys ...string) func(context.Context, *Backend) string {
	return func(ctx context.Context, b *Backend) string {
		entries, err := b.MGet(ctx, keys)
		var all []string
		for _, e := range entries {
			all = append(all, kvSaid(e.Value, e.Err))
		}
		return kvSaid(strings.Join(all, " "), err)
	}
}

// kvKey says the key of an id.
func kvKey(id string) func(context.Context, *Backend) string {
	return func(_ context.Context, b *Backend) string { return kvSaid(b.key(taskKey, id)) }
}

// kvVerdicts are in the order in which the vectors were made, on an empty server.
var kvVerdicts = []kvVerdict{
	{"get_missing", kvGet("k1"), map[string]string{"NoneType: None": "missing"}},
	{"mget_missing", kvMGet("k1", "k2"), map[string]string{"dict: {}": "missing missing", "list: [None, None]": "missing missing"}},
	{"set_str", kvSet("k1", "abc"), map[string]string{"bool: True": "stored", "NoneType: None": "stored"}},
	{"get_k1", kvGet("k1"), map[string]string{"str: 'abc'": `"abc"`, "bytes: b'abc'": `"abc"`}},
	{"get_k2", func(ctx context.Context, b *Backend) string {
		return kvSet("k2", "\xff\x00")(ctx, b)[:0] + kvGet("k2")(ctx, b)
	},
		map[string]string{`bytes: b'\xff\x00'`: `"\xff\x00"`}},
	{"mget_mixed", kvMGet("k1", "nope", "k2"), map[string]string{
		`dict: {'k1': 'abc', 'k2': b'\xff\x00'}`: `"abc" missing "\xff\x00"`, `list: [b'abc', None, b'\xff\x00']`: `"abc" missing "\xff\x00"`}},
	{"set_int", kvSet("k3", "5"), map[string]string{"bool: True": "stored", "NoneType: None": "stored"}},
	{"get_k3", kvGet("k3"), map[string]string{"int: 5": `"5"`, "bytes: b'5'": `"5"`}},
	{"set_nonascii", kvSet("k7", "ż"), map[string]string{"bool: True": "stored", "NoneType: None": "stored"}},
	{"get_empty", func(ctx context.Context, b *Backend) string { return kvSet("k8", "")(ctx, b)[:0] + kvGet("k8")(ctx, b) },
		map[string]string{"str: ''": `""`, "bytes: b''": `""`}},
	// Deviation: whether it was there is told on every engine.
	{"delete_present", func(ctx context.Context, b *Backend) string { return kvSaid(b.Delete(ctx, "k1")) },
		map[string]string{"int: 1": "true", "bool: True": "true", "NoneType: None": "true"}},
	{"delete_missing", func(ctx context.Context, b *Backend) string { return kvSaid(b.Delete(ctx, "k1")) },
		map[string]string{"int: 1": "false", "bool: False": "false", "NoneType: None": "false", "int: 0": "false"}},
	// Deviation: as on Redis, and with a lifetime; on memcached python-memcached says None, pylibmc fails.
	{"incr_missing", func(ctx context.Context, b *Backend) string { return kvSaid(b.Incr(ctx, "c1")) },
		map[string]string{"NoneType: None": "1", "!! pylibmc.NotFound": "1", "int: 1": "1"}},
	{"incr_1", func(ctx context.Context, b *Backend) string { return kvSaid(b.Incr(ctx, "c1")) }, map[string]string{"int: 2": "2"}},
	{"incr_nonnum", func(ctx context.Context, b *Backend) string { return kvSaid(b.Incr(ctx, "k7")) },
		map[string]string{"!! builtins.ValueError": "no number", "!! pylibmc.ClientError": "no number", "!! redis.exceptions.ResponseError": "no number"}},
	{"expire_present", kvExpire("k7", 100), map[string]string{"int: 1": "true", "bool: True": "true"}},
	{"expire_missing", kvExpire("nope", 100), map[string]string{"int: 0": "false", "bool: False": "false"}},
	{"expire_0", kvExpire("k7", 0), map[string]string{"int: 1": "true", "bool: True": "true"}},
	// Deviation: on Redis too the value lives for ever, as on memcached.
	{"raw_k7_exp0", kvGet("k7"), map[string]string{"tuple: (16, -1, b'": `"ż"`, "tuple: ('none', -2, None)": `"ż"`}},
	{"expires", func(_ context.Context, b *Backend) string { return kvSaid(int(b.Expires().Seconds()), nil) }, map[string]string{"int: 86400": "86400"}},
	{"key_for_task 'zażółć'", kvKey("zażółć"), map[string]string{"str: 'celery-task-meta-zażółć'": "celery-task-meta-zażółć",
		`bytes: b'celery-task-meta-za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87'`: "celery-task-meta-zażółć"}},
	{"key_for_task 'a b'", kvKey("a b"), map[string]string{"str: 'celery-task-meta-a b'": "celery-task-meta-a b", "bytes: b'celery-task-meta-a b'": "celery-task-meta-a b"}},
	// Deviation: as in 5.6 for all.
	{"key_for_task ''", kvKey(""), map[string]string{"str: ": "bad id", "bytes: ": "bad id", "!! builtins.ValueError": "bad id"}},
	{"key_for_task_none", kvKey(""), map[string]string{"!! builtins.TypeError": "bad id", "!! builtins.ValueError": "bad id"}},
	{"key_for_chord", func(_ context.Context, b *Backend) string { return kvSaid(b.key(chordKey, "gx")) },
		map[string]string{"str: 'chord-unlock-gx'": "chord-unlock-gx", "bytes: b'chord-unlock-gx'": "chord-unlock-gx"}},
	{"injected_pwn", kvGet("pwn"), map[string]string{"NoneType: None": "missing", "tuple: ('none', -2, None)": "missing"}},
}

func TestMethodsAsRecorded(t *testing.T) {
	vectors := kvVectors[method](t, "backend_methods")
	backends := map[string]*Backend{
		"redis":    kvOpen(t, redistest.Start(t).URL(0)),
		"memcache": kvOpen(t, "cache+memcached://"+memcachetest.Start(t).Addr()+"/"),
		"pylibmc":  kvOpen(t, "cache+pylibmc://"+memcachetest.Start(t).Addr()+"/"),
	}
	for engine, b := range backends {
		for _, v := range kvVerdicts {
			got, judged := v.do(t.Context(), b), false
			for _, recorded := range vectors {
				if recorded.Case != v.name || recorded.Backend != engine {
					continue
				}
				judged = true
				want, known := v.wanted(recorded.Outcome)
				if !known {
					t.Errorf("%s on %s: nobody has judged %q", v.name, engine, recorded.Outcome)
				} else if got != want {
					t.Errorf("%s on %s: %s, want %s; Celery: %s", v.name, engine, got, want, recorded.Outcome)
				}
			}
			if !judged && engine != "pylibmc" {
				t.Errorf("%s is in no vector of %s", v.name, engine)
			}
		}
	}
}

// wanted finds the kvVerdict on an outcome.
func (v kvVerdict) wanted(outcome string) (string, bool) {
	for recorded, want := range v.same {
		if outcome == recorded || strings.HasPrefix(outcome, recorded) && (strings.HasPrefix(recorded, "!!") || strings.HasSuffix(recorded, " ") || strings.HasSuffix(recorded, "b'")) {
			return want, true
		}
	}
	return "", false
}

// elsewhereJudged are the beginnings of the cases that other tests judge: URLs, retries, lifetimes, placement
// and hostile ids here, tasks and groups where these are tested.
var elsewhereJudged = []string{
	"as_uri", "params ", "dead ", "retry_policy", "expires ", "opt ", // url_vectors_test.go, backend_retry_test.go, backend_expiry_test.go, backend_placement_test.go
	"key_for_task ", "key_for_task_", "client", "supports", "strip_prefix", // backend_test.go, backend_expiry_test.go, backend_hostile_test.go
	"raw_k", "raw_c1", "set_none", "set_float", // how Python's clients store what is no bytes
	"store", "state", "get_many", "meta_missing", "get_state_missing", "forget_missing", "process_cleanup", "mark_as", "save_group",
	"bigid_then_smaller", "big_over_existing",
}

func TestEveryMethodVectorIsJudged(t *testing.T) {
	for _, v := range kvVectors[method](t, "backend_methods") {
		here := slices.ContainsFunc(kvVerdicts, func(w kvVerdict) bool { return w.name == v.Case })
		if !here && !slices.ContainsFunc(elsewhereJudged, func(p string) bool { return strings.HasPrefix(v.Case, p) }) {
			t.Errorf("%s is judged nowhere", v.Case)
		}
	}
}

// A server that is not there is an error everywhere: python-memcached says that nothing is stored, and that
// what it has lost is.
func TestDeadServersAreErrors(t *testing.T) {
	for _, rawURL := range []string{"redis://127.0.0.1:1?lazy=true", "cache+memcached://127.0.0.1:1/?lazy=true", "pylibmc://127.0.0.1:1;127.0.0.1:2/?lazy=true"} {
		b := kvOpen(t, rawURL, configured(kvNoPolicy))
		for name, do := range map[string]func(context.Context, *Backend) string{
			"get": kvGet("k"), "set": kvSet("k", "v"), "expire": kvExpire("k", 5),
			"mget": func(ctx context.Context, b *Backend) string {
				_, err := b.MGet(ctx, []string{"k"})
				return kvSaid("", err)
			},
			"incr":   func(ctx context.Context, b *Backend) string { return kvSaid(b.Incr(ctx, "k")) },
			"chord":  func(ctx context.Context, b *Backend) string { return kvSaid(b.Incr(ctx, "chord-unlock-k")) },
			"delete": func(ctx context.Context, b *Backend) string { return kvSaid(b.Delete(ctx, "k")) },
		} {
			if got := do(t.Context(), b); got != "error" {
				t.Errorf("%s: %s: %s", rawURL, name, got)
			}
		}
	}
}
