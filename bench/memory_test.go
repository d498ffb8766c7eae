package bench

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/maypok86/otter/v2"

	"github.com/larder-go/larder"
)

// engines are what the benchmarks of one verb compare: larder through a typed view, and otter on the same full keys
// with the same type of value.
type engines struct {
	keys  keys
	view  *larder.View[user]
	otter *otter.Cache[string, user]
}

func newEngines(tb testing.TB, n int) *engines {
	tb.Helper()
	e := &engines{
		keys:  newKeys(n),
		view:  larder.Of[user](openMemory(tb, fmt.Sprintf("&max_entries=%d", 2*n)), "user:"),
		otter: openOtter[user](tb, 2*n),
	}
	fill(tb, e.view, e.keys, newUser)
	for i, key := range e.keys.full {
		e.otter.Set(key, newUser(i))
	}
	return e
}

// The calls check what they get: a benchmark of errors is soon made, and the same for all engines.

func (e *engines) hitLarder(b *testing.B) func(i int) {
	ctx := b.Context()
	return func(i int) {
		if u, err := e.view.Get(ctx, e.keys.short[i]); err != nil || u.ID != int64(i) {
			b.Error(u, err)
		}
	}
}

func (e *engines) hitOtter(b *testing.B) func(i int) {
	return func(i int) {
		if u, ok := e.otter.GetIfPresent(e.keys.full[i]); !ok || u.ID != int64(i) {
			b.Error(u, ok)
		}
	}
}

func BenchmarkHit(b *testing.B) {
	for _, n := range []int{1_000, entries, 100_000} {
		e := newEngines(b, n)
		b.Run(fmt.Sprintf("entries=%d/engine=otter", n), func(b *testing.B) { loop(b, n, e.hitOtter(b)) })
		b.Run(fmt.Sprintf("entries=%d/engine=larder", n), func(b *testing.B) { loop(b, n, e.hitLarder(b)) })
	}
}

func BenchmarkHitParallel(b *testing.B) {
	e := newEngines(b, entries)
	for _, p := range []int{1, 2, 16} {
		b.Run(fmt.Sprintf("per-cpu=%d/engine=otter", p), func(b *testing.B) { parallel(b, p, entries, e.hitOtter(b)) })
		b.Run(fmt.Sprintf("per-cpu=%d/engine=larder", p), func(b *testing.B) { parallel(b, p, entries, e.hitLarder(b)) })
	}
}

func BenchmarkMiss(b *testing.B) {
	e := newEngines(b, entries)
	ctx, absent := b.Context(), e.keys.absent()
	viaOtter := func(i int) {
		if _, ok := e.otter.GetIfPresent(absent.full[i]); ok {
			b.Error("hit")
		}
	}
	viaLarder := func(i int) {
		if _, err := e.view.Get(ctx, absent.short[i]); !errors.Is(err, larder.ErrMiss) {
			b.Error(err)
		}
	}
	b.Run("engine=otter", func(b *testing.B) { loop(b, entries, viaOtter) })
	b.Run("engine=larder", func(b *testing.B) { loop(b, entries, viaLarder) })
	b.Run("parallel/engine=otter", func(b *testing.B) { parallel(b, 1, entries, viaOtter) })
	b.Run("parallel/engine=larder", func(b *testing.B) { parallel(b, 1, entries, viaLarder) })
}

// BenchmarkGetOrSetHit has a loader that is never called: otter's own Get takes one too.
func BenchmarkGetOrSetHit(b *testing.B) {
	e := newEngines(b, entries)
	ctx := b.Context()
	viaOtter := func(i int) {
		load := otter.LoaderFunc[string, user](func(context.Context, string) (user, error) { return newUser(i), nil })
		if u, err := e.otter.Get(ctx, e.keys.full[i], load); err != nil || u.ID != int64(i) {
			b.Error(u, err)
		}
	}
	viaLarder := func(i int) {
		u, err := e.view.GetOrSet(ctx, e.keys.short[i], func(context.Context) (user, error) { return newUser(i), nil })
		if err != nil || u.ID != int64(i) {
			b.Error(u, err)
		}
	}
	b.Run("engine=otter", func(b *testing.B) { loop(b, entries, viaOtter) })
	b.Run("engine=larder", func(b *testing.B) { loop(b, entries, viaLarder) })
	b.Run("parallel/engine=otter", func(b *testing.B) { parallel(b, 1, entries, viaOtter) })
	b.Run("parallel/engine=larder", func(b *testing.B) { parallel(b, 1, entries, viaLarder) })
}

// BenchmarkSet replaces entries that are there. otter gets its full key ready-made; larder has to make it.
func BenchmarkSet(b *testing.B) {
	e := newEngines(b, entries)
	ctx := b.Context()
	viaOtter := func(i int) { e.otter.Set(e.keys.full[i], newUser(i)) }
	viaLarder := func(i int) {
		if err := e.view.Set(ctx, e.keys.short[i], newUser(i)); err != nil {
			b.Error(err)
		}
	}
	b.Run("engine=otter", func(b *testing.B) { loop(b, entries, viaOtter) })
	b.Run("engine=larder", func(b *testing.B) { loop(b, entries, viaLarder) })
	b.Run("parallel/engine=otter", func(b *testing.B) { parallel(b, 1, entries, viaOtter) })
	b.Run("parallel/engine=larder", func(b *testing.B) { parallel(b, 1, entries, viaLarder) })
}

// BenchmarkForm is what the way costs in which a value is kept: as it is, cloned for each caller, or encoded.
func BenchmarkForm(b *testing.B) {
	ctx, k := b.Context(), newKeys(entries)
	clone := func(u user) user { return u }
	for _, form := range []struct {
		name, params string
		policy       larder.Policy[user]
	}{
		{"live", "", larder.Policy[user]{}},
		{"clone", "", larder.Policy[user]{Clone: clone}},
		{"isolate", "&isolate=true", larder.Policy[user]{}},
	} {
		view, err := larder.NewView(openMemory(b, form.params), "user:", form.policy)
		must(b, err)
		fill(b, view, k, newUser)
		b.Run("verb=Get/form="+form.name, func(b *testing.B) {
			loop(b, entries, func(i int) {
				if u, err := view.Get(ctx, k.short[i]); err != nil || u.ID != int64(i) {
					b.Error(u, err)
				}
			})
		})
		b.Run("verb=Set/form="+form.name, func(b *testing.B) {
			loop(b, entries, func(i int) {
				if err := view.Set(ctx, k.short[i], newUser(i)); err != nil {
					b.Error(err)
				}
			})
		})
	}
}

// TestNothingAllocated holds what README.md states of allocations.
func TestNothingAllocated(t *testing.T) {
	e := newEngines(t, 100)
	ctx, absent := t.Context(), e.keys.absent()
	i := 0
	next := func() int { i = (i + 1) % 100; return i }
	for name, call := range map[string]func() error{
		"hit":  func() error { _, err := e.view.Get(ctx, e.keys.short[next()]); return err },
		"miss": func() error { _, _ = e.view.Get(ctx, absent.short[next()]); return nil },
		"GetOrSet hit": func() error {
			at := next()
			_, err := e.view.GetOrSet(ctx, e.keys.short[at], func(context.Context) (user, error) { return newUser(at), nil })
			return err
		},
	} {
		if n := testing.AllocsPerRun(1000, func() { must(t, call()) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
