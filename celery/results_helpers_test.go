package celery

import (
	"context"
	"fmt"
	"testing"
	"time"
)

var everywhere = []string{"redis", "memcached", "memcached2", "memory", "sqlite"}

// each runs a test on every engine.
func each(t *testing.T, test func(t *testing.T, r *Results), opts ...Option) {
	t.Helper()
	for _, name := range everywhere {
		t.Run(name, func(t *testing.T) { test(t, open(t, kvURL(t, name), opts...)) })
	}
}

func open(t testing.TB, rawURL string, opts ...Option) *Results {
	t.Helper()
	r, err := Open(t.Context(), rawURL, append([]Option{kvQuiet}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

// inMemory are results that nobody else has.
func inMemory(t testing.TB, opts ...Option) *Results {
	t.Helper()
	return open(t, "memory://", opts...)
}

// soon bounds what would otherwise hang a test.
func soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// raw stores bytes as another program would.
func (r *Results) raw(t testing.TB, id, value string) {
	t.Helper()
	must(t, r.b.Set(t.Context(), string(taskKey)+id, []byte(value)))
}

func result(t testing.TB, r *Results, id string) *Meta {
	t.Helper()
	m, err := r.Result(t.Context(), id)
	must(t, err)
	return m
}

// ids makes n of them.
func ids(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return all
}
