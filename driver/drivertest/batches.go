package drivertest

import (
	"errors"
	"fmt"

	"github.com/larder-go/larder/driver"
)

// batchCases: many keys at once are the same as one by one.
func batchCases() []testCase {
	needs := []Capability{Batcher}
	return []testCase{
		{name: "Order", needs: needs, run: batchOrder},
		{name: "EmptyInput", needs: needs, run: emptyBatches},
		{name: "Duplicates", needs: needs, run: batchDuplicates},
		{name: "DeleteCounts", needs: needs, run: batchDelete},
		{name: "Big", needs: needs, run: bigBatch},
		{name: "OneTooLarge", needs: needs, when: func(h *Harness) bool { return h.MaxValue > 0 }, run: batchTooLarge},
	}
}

// wantMany fails unless GetMany of keys gives values; "-" stands for a miss.
func (e *env) wantMany(keys, values []string) {
	e.Helper()
	results, err := e.batcher.GetMany(e.ctx, e.ks(keys...))
	e.ok("GetMany", err)
	if len(results) != len(keys) {
		e.Fatalf("GetMany of %d keys gives %d results", len(keys), len(results))
	}
	for i, r := range results {
		switch {
		case values[i] == "-":
			e.wantErr(fmt.Sprintf("GetMany, result %d of an absent key", i), r.Err, driver.ErrMiss)
		case r.Err != nil || string(r.Value) != values[i]:
			e.Errorf("GetMany, result %d: %s, %v; want %s", i, brief(string(r.Value)), r.Err, brief(values[i]))
		}
	}
}

func (e *env) items(pairs ...string) []driver.Item {
	var items []driver.Item
	for i := 0; i < len(pairs); i += 2 {
		items = append(items, driver.Item{Key: e.k(pairs[i]), Value: []byte(pairs[i+1])})
	}
	return items
}

func batchOrder(e *env) {
	e.ok("SetMany", e.batcher.SetMany(e.ctx, e.items("a", "1", "b", "", "c", "3"), 0))
	e.wantMany([]string{"c", "absent", "a", "b", "gone"}, []string{"3", "-", "1", "", "-"})
	e.wantMany([]string{"absent"}, []string{"-"})
	e.want("a", "1")
}

func emptyBatches(e *env) {
	e.set("a", "1", 0)
	for _, keys := range [][]string{nil, {}} {
		results, err := e.batcher.GetMany(e.ctx, keys)
		if err != nil || len(results) != 0 {
			e.Errorf("GetMany of nothing = %v, %v", results, err)
		}
		n, err := e.batcher.DeleteMany(e.ctx, keys)
		if err != nil || n != 0 {
			e.Errorf("DeleteMany of nothing = %d, %v", n, err)
		}
	}
	e.ok("SetMany of nothing", e.batcher.SetMany(e.ctx, nil, longTTL))
	e.ok("SetMany of nothing", e.batcher.SetMany(e.ctx, []driver.Item{}, 0))
	e.want("a", "1")
}

func batchDuplicates(e *env) {
	e.ok("SetMany", e.batcher.SetMany(e.ctx, e.items("a", "1", "b", "2", "a", "3"), 0))
	e.wantMany([]string{"a", "b", "a", "x", "x"}, []string{"3", "2", "3", "-", "-"})
	n, err := e.batcher.DeleteMany(e.ctx, e.ks("a", "x", "a"))
	if err != nil || n != 1 {
		e.Errorf("DeleteMany of one entry, named twice = %d, %v; want 1", n, err)
	}
	e.wantMany([]string{"a", "b"}, []string{"-", "2"})
}

func batchDelete(e *env) {
	e.ok("SetMany", e.batcher.SetMany(e.ctx, e.items("a", "1", "b", "2", "c", "3"), longTTL))
	n, err := e.batcher.DeleteMany(e.ctx, e.ks("c", "absent", "a"))
	if err != nil || n != 2 {
		e.Errorf("DeleteMany = %d, %v; want 2", n, err)
	}
	e.wantMany([]string{"a", "b", "c"}, []string{"-", "2", "-"})
	if n, err := e.batcher.DeleteMany(e.ctx, e.ks("a", "absent")); err != nil || n != 0 {
		e.Errorf("DeleteMany of absent keys = %d, %v; want 0", n, err)
	}
}

// bigBatch is larger than what a statement or packet is likely to hold in one piece.
func bigBatch(e *env) {
	const n = 5000
	items, keys, values := make([]driver.Item, n), make([]string, 2*n), make([]string, 2*n)
	for i := range n {
		keys[2*i], values[2*i] = fmt.Sprint("big", i), valueOf(i)
		keys[2*i+1], values[2*i+1] = fmt.Sprint("absent", i), "-"
		items[i] = driver.Item{Key: e.k(keys[2*i]), Value: []byte(values[2*i])}
	}
	e.ok("SetMany", e.batcher.SetMany(e.ctx, items, longTTL))
	e.wantMany(keys, values)
	got, err := e.batcher.DeleteMany(e.ctx, e.ks(keys...))
	if err != nil || got != n {
		e.Errorf("DeleteMany = %d, %v; want %d", got, err, n)
	}
	e.wantMiss("big0")
	e.wantMiss(fmt.Sprint("big", n-1))
}

func batchTooLarge(e *env) {
	e.set("big", "old", 0)
	items := e.items("a", "1", "big", "", "b", "2")
	items[1].Value = make([]byte, 2*e.h.MaxValue)
	err := e.batcher.SetMany(e.ctx, items, 0)
	var failed driver.KeyErrors
	if !errors.As(err, &failed) {
		e.Fatalf("SetMany with one value that is too large: %v; want KeyErrors", err)
	}
	if len(failed) != 1 {
		e.Errorf("%d keys failed; want 1", len(failed))
	}
	e.wantErr("the large one", failed[e.k("big")], driver.ErrTooLarge)
	e.wantMany([]string{"a", "big", "b"}, []string{"1", "-", "2"})
}
