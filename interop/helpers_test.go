package interop

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/internal/redistest"
	_ "github.com/larder-go/larder/redis"
)

// env is an empty database that a Go program and a Python program share.
type env struct {
	*testing.T
	py     *python
	server *redistest.Server
	number int
}

// everywhere runs a test with every server and every version of async-caches, each time on a database of its own.
func everywhere(t *testing.T, run func(e env)) {
	t.Helper()
	t.Parallel()
	for _, s := range servers {
		for _, p := range pythons {
			t.Run(string(s.Kind())+"/async-caches-"+p.version, func(t *testing.T) {
				t.Parallel()
				run(env{t, p, s, s.FreshDB()})
			})
		}
	}
}

// url is the same for Go and for Python.
func (e env) url(params ...string) string { return e.server.URL(e.number, params...) }

// db sees what is really there.
func (e env) db() redistest.DB { return e.server.DB(e.number) }

// cache is the Python side.
func (e env) cache(params ...string) client {
	e.Helper()
	return e.py.open(e, e.url(params...), nil)
}

// larder is the Go side.
func (e env) larder(params ...string) *larder.Cache {
	e.Helper()
	return e.open(e.url(params...))
}

func (e env) open(url string, opts ...larder.Option) *larder.Cache {
	e.Helper()
	c, err := larder.Open(e.Context(), url, opts...)
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() { _ = c.Close() })
	return c
}

// both are the two sides, opened with one URL; the view takes any value.
func (e env) both(params ...string) (*larder.View[any], client) {
	e.Helper()
	return larder.Of[any](e.larder(params...), ""), e.cache(params...)
}

// keys are all that the database has, sorted.
func (e env) keys() []string {
	e.Helper()
	keys := []string{}
	reply, err := e.db().Query("KEYS", "*")
	if err != nil {
		e.Fatal(err)
	}
	for _, key := range reply.([]any) {
		keys = append(keys, key.(string))
	}
	slices.Sort(keys)
	return keys
}

// stored is the text in Redis, and whether there is any.
func (e env) stored(key string) (string, bool) {
	e.Helper()
	text, err := e.db().Do("GET", key)
	if err != nil && !errors.Is(err, redistest.ErrNil) {
		e.Fatal(err)
	}
	return text, err == nil
}

func (e env) wantStored(key, text string) {
	e.Helper()
	if got, _ := e.stored(key); got != text {
		e.Errorf("Redis has %.100q at %q; want %.100q", got, key, text)
	}
}

// put stores bytes as somebody else would.
func (e env) put(key, value string) {
	e.Helper()
	e.db().MustDo(e, "SET", key, value)
}

// wantTTL asks Redis for the lifetime in seconds, -1 if there is none. A slow machine may have used up a few.
func (e env) wantTTL(key string, want int64) {
	e.Helper()
	got, err := e.db().Query("TTL", key)
	if err != nil {
		e.Fatal(err)
	}
	if ttl := got.(int64); ttl > want || ttl < want-5 || (want == -1 && ttl != -1) {
		e.Errorf("lifetime of %q: %d s; want %d", key, ttl, want)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: error %v; want %v", what, err, target)
	}
}

// said compares what a call returned with what it should.
func said[R comparable](t testing.TB, what string, want R) func(R, error) {
	return func(got R, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("Go: %s = %v, %v; want %v", what, got, err, want)
		}
	}
}

// wantGet compares what Go reads with JSON text.
func wantGet(t testing.TB, v *larder.View[any], key, text string, opts ...larder.CallOption) {
	t.Helper()
	got, err := v.Get(context.Background(), key, opts...)
	if err != nil || !alike(got, parsed(t, text)) {
		t.Errorf("Go: Get %q = %v, %v; want %s", key, got, err, text)
	}
}

func wantMiss(t testing.TB, v *larder.View[any], key string, opts ...larder.CallOption) {
	t.Helper()
	if got, err := v.Get(context.Background(), key, opts...); !errors.Is(err, larder.ErrMiss) {
		t.Errorf("Go: Get %q = %v, %v; want ErrMiss", key, got, err)
	}
}

// parsed is JSON text as a view of any reads it.
func parsed(t testing.TB, text string) any {
	t.Helper()
	return decode(t, reply{JSON: &text})
}

// eventually waits for what other processes bring about.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("within 10 s: not %s", what)
		}
	}
}

// alike compares values with numbers by what they are: Python has floats where JSON has a point or an exponent, and what JSON cannot say
// is the float itself, or its name, as the vectors write it.
func alike(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, is := b.([]any)
		return is && slices.EqualFunc(a, b, alike)
	case map[string]any:
		b, is := b.(map[string]any)
		if !is || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			if other, there := b[key]; !there || !alike(value, other) {
				return false
			}
		}
		return true
	case json.Number:
		b, is := b.(json.Number)
		return is && (a == b || (isFloat(a, b) && cmp.Compare(float(a), float(b)) == 0))
	case float64:
		return cmp.Compare(a, special(b)) == 0 && (math.IsNaN(a) || math.IsInf(a, 0))
	}
	return a == b
}

func isFloat(numbers ...json.Number) bool {
	return slices.ContainsFunc(numbers, func(n json.Number) bool { return strings.ContainsAny(string(n), ".eE") })
}

func float(n json.Number) float64 { f, _ := n.Float64(); return f }

// special is one of the three floats that JSON has no number for, else 0.
func special(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case string:
		return map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}[v]
	}
	return 0
}

// quiet is for what makes a cache complain.
func quiet() larder.Option { return larder.WithLogger(slog.New(slog.DiscardHandler)) }
