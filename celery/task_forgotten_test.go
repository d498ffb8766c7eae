package celery

import (
	"context"
	"testing"

	"github.com/larder-go/larder/driver"
)

// between is a store that lets something happen after it has read, and before whoever asked is told.
type between struct {
	driver.Store
	happens func()
}

func (s *between) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := s.Store.Get(ctx, key)
	s.happens()
	return value, err
}

// TestForgottenStaysForgotten: who has read a result before it was forgotten does not keep it.
func TestForgottenStaysForgotten(t *testing.T) {
	for name, read := range map[string]func(r *Results) (*Meta, error){
		"one": func(r *Results) (*Meta, error) { return r.Result(t.Context(), "a") },
		"many": func(r *Results) (*Meta, error) {
			metas, err := r.Results(t.Context(), []string{"a"})
			return metas[0], err
		},
		"awaited": func(r *Results) (*Meta, error) { return r.Wait(soon(t), "a") },
	} {
		t.Run(name, func(t *testing.T) {
			r := inMemory(t, configured(Config{ResultCacheMax: 10}))
			ctx := t.Context()
			must(t, r.MarkDone(ctx, "a", 1, nil))
			store := &between{Store: r.b.engine.store, happens: func() { must(t, r.Forget(ctx, "a")) }}
			r.b.engine.store, r.b.engine.batch, r.b.engine.live = store, nil, nil
			if m, err := read(r); err != nil || m.Status != Success {
				t.Fatalf("%v, %v", m, err)
			}
			store.happens = func() {}
			if m := result(t, r, "a"); m.Known() {
				t.Error("it is known again")
			}
		})
	}
}

// TestAwaitedIsKept, as what was read is, as long as nothing was forgotten.
func TestAwaitedIsKept(t *testing.T) {
	for _, forgotten := range []bool{false, true} {
		r := inMemory(t, configured(Config{ResultCacheMax: 10}))
		ctx := soon(t)
		if forgotten {
			must(t, r.Forget(ctx, "another"))
		}
		must(t, r.MarkDone(ctx, "a", 1, nil))
		if _, err := r.Wait(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		if kept := r.cache.get("a") != nil; kept == forgotten {
			t.Errorf("forgotten %v, kept %v", forgotten, kept)
		}
	}
}
