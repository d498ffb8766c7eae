package celery

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
)

// hostileIDs are the ids of tasks that Python's clients were tried with, by what the vectors call them.
var hostileIDs = map[string]string{
	"space":          "a b",
	"crlf_inject":    "x 0 0 1\r\nA\r\nset pwn 0 0 3\r\nPWN\r\nget zz",
	"crlf_simple":    "x\r\nset pwn 0 0 1\r\nA",
	"nul":            "nul\x00z",
	"del":            "a\x7fb",
	"get_inject":     "x\r\nset pwn 0 0 3\r\nPWN",
	"trailing_space": "zz ",
	"lf":             "x\n",
	"tab":            "tab\t",
	"long":           strings.Repeat("x", 250),
	"empty_line":     "\r\n",
}

type tried struct {
	Case string `json:"case"`
}

// Python's clients let these ids inject commands, or lose the result silently. Here each is an error for that
// id alone, nothing is written, and the connection stays in step.
func TestHostileIDsOnMemcached(t *testing.T) {
	s := memcachetest.Start(t)
	b := kvOpen(t, "cache+memcached://"+s.Addr()+"/")
	for name, id := range hostileIDs {
		key, err := b.key(taskKey, id)
		if err != nil {
			t.Fatal(err)
		}
		kvRefuses(t, b, name, key)
		kvRefuses(t, b, "chord "+name, "chord-unlock-"+id)
	}
	kvWant(t, b, "celery-task-meta-valid", "v")
	if keys := s.Keys(t); !slices.Equal(keys, []string{"celery-task-meta-valid"}) {
		t.Errorf("the server has %q", keys)
	}
	kvWant(t, b, "celery-task-meta-"+strings.Repeat("x", 233), "v") // the longest
}

// kvRefuses checks that no method takes a key, and that the next valid one is served.
func kvRefuses(t *testing.T, b *Backend, name, key string) {
	t.Helper()
	ctx := t.Context()
	_, err1 := b.Get(ctx, key)
	_, err2 := b.Delete(ctx, key)
	_, err3 := b.Incr(ctx, key)
	_, err4 := b.Expire(ctx, key, 5)
	for i, err := range []error{b.Set(ctx, key, []byte("v")), b.Set(ctx, key, make([]byte, largeValue)), err1, err2, err3, err4} {
		if !errors.Is(err, ErrBadKey) {
			t.Errorf("%s: call %d: %v", name, i, err)
		}
	}
	kvWant(t, b, "celery-task-meta-valid", name)
	entries, err := b.MGet(ctx, []string{key, "celery-task-meta-valid"})
	if err != nil || !errors.Is(entries[0].Err, ErrBadKey) || string(entries[1].Value) != name {
		t.Errorf("%s: among others: %.200q, %v", name, entries[1].Value, err)
	}
}

// Redis and the engines in the process take any id.
func TestHostileIDsElsewhere(t *testing.T) {
	s := redistest.Start(t)
	for _, rawURL := range []string{s.URL(0), "memory://", kvURL(t, "sqlite")} {
		b := kvOpen(t, rawURL)
		for name, id := range hostileIDs {
			key, _ := b.key(taskKey, id)
			kvWant(t, b, key, name)
			if got, err := b.Get(t.Context(), key); string(got) != name || err != nil {
				t.Errorf("%s: %s: %q, %v", rawURL, name, got, err)
			}
		}
		if _, err := b.Get(t.Context(), "pwn"); !errors.Is(err, ErrMiss) {
			t.Errorf("%s: injected: %v", rawURL, err)
		}
		long := strings.Repeat("k", 70000)
		if err := b.Set(t.Context(), long, nil); !errors.Is(err, ErrBadKey) {
			t.Errorf("%s: a key of 70,000 bytes: %v", rawURL, err)
		}
		kvWant(t, b, "short", "v")
		entries, err := b.MGet(t.Context(), []string{"short", long, "absent"})
		if err != nil || string(entries[0].Value) != "v" || !errors.Is(entries[1].Err, ErrBadKey) || !errors.Is(entries[2].Err, ErrMiss) {
			t.Errorf("%s: among others: %v, %v", rawURL, entries, err)
		}
		if _, err := b.key(taskKey, long); !errors.Is(err, ErrBadKey) {
			t.Errorf("an id of 70,000 bytes: %v", err)
		}
	}
}

func TestEveryHostileVectorIsJudged(t *testing.T) {
	for _, v := range kvVectors[tried](t, "limits_injection") {
		var kind, op string
		if _, err := fmt.Sscanf(v.Case, "task id kind %s op %s", &kind, &op); err != nil {
			t.Errorf("%q: %v", v.Case, err)
		}
		kind = strings.TrimSuffix(kind, ",")
		if hostileIDs[kind] == "" || !slices.Contains([]string{"get", "set", "delete", "store"}, op) {
			t.Errorf("%q is tried nowhere", v.Case)
		}
	}
}
