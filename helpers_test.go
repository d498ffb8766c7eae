package larder_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/memory"
)

// user is a type with pointers inside: it is never kept live by itself.
type user struct {
	Name string
	Age  int            `json:",omitempty"`
	Tags []string       `json:",omitempty"`
	More map[string]any `json:",omitempty"`
}

// point is a plain type: memory:// keeps it live.
type point struct {
	X, Y  int
	Label string
}

var errOrigin = errors.New("the origin is down")

func openCache(t testing.TB, rawURL string, opts ...larder.Option) *larder.Cache {
	t.Helper()
	c, err := larder.Open(t.Context(), rawURL, opts...)
	if err != nil {
		t.Fatalf("Open %s: %v", rawURL, err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// faulty is a cache on a memory store that fails on command; live or with encoded values.
func faulty(t testing.TB, live bool, opts ...larder.Option) (*larder.Cache, *drivertest.Faulty) {
	t.Helper()
	store, err := memory.New(memory.Options{Isolate: !live})
	if err != nil {
		t.Fatal(err)
	}
	f := drivertest.NewFaulty(store)
	var s driver.Store = f
	if live {
		s = f.Live()
	}
	c, err := larder.New(s, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Heal(); _ = c.Close() })
	return c, f
}

// liveOrNot runs a test on live and on encoded values.
func liveOrNot(t *testing.T, run func(t *testing.T, live bool)) {
	t.Run("live", func(t *testing.T) { run(t, true) })
	t.Run("encoded", func(t *testing.T) { run(t, false) })
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

func want[V any](t testing.TB, v *larder.View[V], key string, value V, opts ...larder.CallOption) {
	t.Helper()
	if got, err := v.Get(context.Background(), key, opts...); err != nil || !reflect.DeepEqual(got, value) {
		t.Errorf("Get %.60q = %v, %v; want %v", key, got, err, value)
	}
}

func wantMiss[V any](t testing.TB, v *larder.View[V], key string, opts ...larder.CallOption) {
	t.Helper()
	if got, err := v.Get(context.Background(), key, opts...); err != larder.ErrMiss { //nolint:errorlint // it is promised bare
		t.Errorf("Get %.60q = %v, %v; want ErrMiss, bare", key, got, err)
	}
}

// said compares two results of a call with what they should be.
func said[R any](t testing.TB, what string, want R) func(R, error) {
	return func(got R, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %v, %v; want %v", what, got, err, want)
		}
	}
}

// keysOf collects a walk, sorted.
func keysOf(t testing.TB, walk func(func(string, error) bool)) []string {
	t.Helper()
	keys := []string{}
	for key, err := range walk {
		if err != nil {
			t.Fatalf("Keys: %v", err)
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// never is a loader that must not run.
func never[V any](t testing.TB) func(context.Context) (V, error) {
	return func(context.Context) (v V, _ error) {
		t.Error("the loader runs")
		return v, errOrigin
	}
}

// fails is a loader that fails.
func fails[V any](err error) func(context.Context) (V, error) {
	return func(context.Context) (v V, _ error) { return v, err }
}

// journal is a log that a test can read.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, string(p))
	return len(p), nil
}

func (j *journal) option() larder.Option {
	return larder.WithLogger(slog.New(slog.NewTextHandler(j, nil)))
}

func (j *journal) count(text string) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range j.lines {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

// quiet is for tests that make the cache complain.
func quiet() larder.Option { return larder.WithLogger(slog.New(slog.DiscardHandler)) }
