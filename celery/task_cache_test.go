package celery

import (
	"fmt"
	"testing"
)

// TestCache: what has succeeded is asked for once, and nothing else is kept.
func TestCache(t *testing.T) {
	r := inMemory(t, configured(Config{ResultCacheMax: 2}))
	ctx := t.Context()
	must(t, r.MarkDone(ctx, "a", 1, nil))
	must(t, r.MarkFailed(ctx, "f", fmt.Errorf("boom"), nil))
	for _, id := range []string{"a", "f", "unknown"} {
		result(t, r, id)
	}
	for _, id := range []string{"a", "f"} { // behind its back
		if _, err := r.b.Delete(ctx, string(taskKey)+id); err != nil {
			t.Fatal(err)
		}
	}
	if m := result(t, r, "a"); m.Status != Success {
		t.Error("a success was not kept")
	}
	if m := result(t, r, "f"); m.Known() {
		t.Error("a failure was kept: it may yet succeed")
	}
	metas, err := r.Results(ctx, []string{"a", "f"})
	must(t, err)
	if metas[0].Status != Success || metas[1].Known() {
		t.Errorf("many: %v", metas)
	}
	if m, err := r.Wait(soon(t), "a"); err != nil || m.Status != Success {
		t.Errorf("wait: %v, %v", m, err)
	}
	must(t, r.Forget(ctx, "a"))
	if m := result(t, r, "a"); m.Known() {
		t.Error("what was forgotten was kept")
	}
}

// TestCacheBound: the ones used last stay.
func TestCacheBound(t *testing.T) {
	c := newCache(2)
	put := func(id string) { c.put(id, &Meta{TaskID: id, Status: Success}, c.now()) }
	put("a")
	put("b")
	if c.get("a") == nil {
		t.Fatal("a is gone")
	}
	put("c")
	if c.get("b") != nil || c.get("a") == nil || c.get("c") == nil {
		t.Error("not the one that was used last went")
	}
	put("c")
	if c.recent.Len() != 2 || len(c.byID) != 2 {
		t.Errorf("%d, %d are kept", c.recent.Len(), len(c.byID))
	}
	c.put("x", &Meta{TaskID: "another", Status: Success}, c.now())
	if c.get("x") != nil {
		t.Error("the result of another task was kept")
	}
	c.get("c").Status = Failure
	if c.get("c").Status != Success {
		t.Error("what a caller changes of his copy changes all")
	}
	var none *cache = newCache(0)
	none.put("a", &Meta{TaskID: "a", Status: Success}, none.now())
	none.forget("a")
	if none.get("a") != nil {
		t.Error("without a cache something is kept")
	}
}
