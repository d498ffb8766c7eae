package drivertest

import (
	"bytes"
	"errors"
	"time"

	"github.com/larder-go/larder/driver"
)

func fillCases() []testCase {
	return []testCase{
		{name: "FillStores", run: func(e *env) {
			e.wantFill("k", e.lease("k"), "1", 0, true)
			e.want("k", "1")
			e.wantThere("k", "1")
			if e.able(Inspector) && e.remaining("k") != 0 {
				e.Errorf("filled without a ttl, it has %v left", e.remaining("k"))
			}
		}},
		{name: "FillGivesItsTTL", run: func(e *env) {
			lease := e.lease("k")
			l := e.written(e.ttl(), func() { e.wantFill("k", lease, "1", e.ttl(), true) })
			l.whileAlive("a filled entry", func() bool { return e.holds("k") })
			l.untilGone()
			e.wantMiss("k")
			e.lease("k")
		}},
		{name: "FillDoesNotKeepTheValue", run: func(e *env) {
			value := []byte("abc")
			_, err := e.leaser.Fill(e.ctx, []driver.Filling{{Key: e.k("k"), Lease: e.lease("k"), Value: value}}, 0)
			e.ok("Fill", err)
			copy(value, "xyz")
			e.want("k", "abc")
		}},
		{name: "FillOfMany", run: func(e *env) {
			a, b, c := e.lease("a"), e.lease("b"), e.lease("c")
			e.wantDelete("b", false)
			filled, err := e.leaser.Fill(e.ctx, []driver.Filling{
				{Key: e.k("c"), Lease: c, Value: []byte("3")}, {Key: e.k("b"), Lease: b, Value: []byte("2")}, {Key: e.k("a"), Lease: a, Value: nil},
			}, longTTL)
			if err != nil || len(filled) != 3 || !filled[0] || filled[1] || !filled[2] {
				e.Errorf("Fill = %v, %v; want true, false, true", filled, err)
			}
			e.want("c", "3")
			e.wantMiss("b")
			e.want("a", "")
		}},
		{name: "FillOnce", run: func(e *env) {
			l := e.lease("k")
			e.wantFill("k", l, "1", 0, true)
			e.wantFill("k", l, "2", 0, false)
			e.want("k", "1")
			e.wantDelete("k", true)
			e.wantFill("k", l, "2", 0, false)
			e.wantRelease("k", l, false)
			e.wantRenew("k", l, driver.MaxLease, false)
			e.wantMiss("k")
		}},
		{name: "FillWithAnothersLease", run: func(e *env) {
			a, b := e.lease("a"), e.lease("b")
			e.wantFill("a", b, "1", 0, false)
			e.wantFill("a", "", "1", 0, false)
			e.wantFill("a", "no lease", "1", 0, false)
			e.wantFill("c", a, "1", 0, false)
			e.wantFill("a", a, "1", 0, true)
			e.wantFill("b", b, "2", 0, true)
			e.wantMiss("c")
		}},
		{name: "FillTooLarge", when: func(h *Harness) bool { return h.MaxValue > 0 }, empties: true, run: fillTooLarge},
		{name: "FillByAnotherStore", when: hasShared, opens: true, run: func(e *env) {
			a, b := e.two()
			l := a.lease("k")
			a.wantFill("k", l, "1", 0, true)
			b.want("k", "1")
			b.wantThere("k", "1")
			b.wantFill("k", l, "2", 0, false)
			a.want("k", "1")
		}},
	}
}

func fillTooLarge(e *env) {
	a, b := e.lease("a"), e.lease("b")
	filled, err := e.leaser.Fill(e.ctx, []driver.Filling{
		{Key: e.k("a"), Lease: a, Value: bytes.Repeat([]byte("v"), 2*e.h.MaxValue)}, {Key: e.k("b"), Lease: b, Value: []byte("2")},
	}, 0)
	var failed driver.KeyErrors
	if !errors.As(err, &failed) || len(failed) != 1 || !errors.Is(failed[e.k("a")], driver.ErrTooLarge) {
		e.Errorf("Fill of a value that is too large: %v; want ErrTooLarge for its key", err)
	}
	if len(filled) != 2 || filled[0] || !filled[1] {
		e.Errorf("Fill = %v; want false, true", filled)
	}
	e.wantMiss("a")
	e.want("b", "2")
	e.wantFill("a", a, "1", 0, false)
	e.lease("a")
}

// overwriting is a write that has to void the lease of the key, and what it needs.
type overwriting struct {
	name  string
	needs Capability
	do    func(e *env, key string)
	// leaves is what is at the key afterwards; "": nothing.
	leaves string
}

// soon is a lifetime that ends before a lease.
func (e *env) soon() time.Duration {
	if e.virtual {
		return time.Second
	}
	return e.ttl()
}

// short runs a write with a lifetime and waits until it is over.
func (e *env) short(write func(ttl time.Duration)) {
	e.written(e.soon(), func() { write(e.soon()) }).untilGone()
}

func (e *env) addFor(key string, ttl time.Duration) {
	e.Helper()
	if ok, err := e.adder.Add(e.ctx, e.k(key), []byte("new"), ttl); !ok || err != nil {
		e.Errorf("Add %s = %v, %v", brief(e.k(key)), ok, err)
	}
}

func overwritings() []overwriting {
	item := func(e *env, key string) []driver.Item { return []driver.Item{{Key: e.k(key), Value: []byte("new")}} }
	return []overwriting{
		{name: "Set", leaves: "new", do: func(e *env, key string) { e.set(key, "new", 0) }},
		{name: "SetWithTTL", leaves: "new", do: func(e *env, key string) { e.set(key, "new", longTTL) }},
		{name: "SetThatExpires", do: func(e *env, key string) {
			e.short(func(ttl time.Duration) { e.set(key, "new", ttl) })
		}},
		{name: "Delete", do: func(e *env, key string) { e.wantDelete(key, false) }},
		{name: "SetAndDelete", do: func(e *env, key string) { e.set(key, "new", 0); e.wantDelete(key, true) }},
		{name: "SetMany", needs: Batcher, leaves: "new", do: func(e *env, key string) {
			e.ok("SetMany", e.batcher.SetMany(e.ctx, item(e, key), 0))
		}},
		{name: "SetManyThatExpires", needs: Batcher, do: func(e *env, key string) {
			e.short(func(ttl time.Duration) { e.ok("SetMany", e.batcher.SetMany(e.ctx, item(e, key), ttl)) })
		}},
		{name: "DeleteMany", needs: Batcher, do: func(e *env, key string) {
			n, err := e.batcher.DeleteMany(e.ctx, e.ks(key, key+" too"))
			if n != 0 || err != nil {
				e.Errorf("DeleteMany of absent keys = %d, %v", n, err)
			}
		}},
		{name: "Add", needs: Adder, leaves: "new", do: func(e *env, key string) { e.addFor(key, 0) }},
		{name: "AddThatExpires", needs: Adder, do: func(e *env, key string) {
			e.short(func(ttl time.Duration) { e.addFor(key, ttl) })
		}},
		{name: "Incr", needs: Counter, leaves: "7", do: func(e *env, key string) {
			_, err := e.counter.Incr(e.ctx, e.k(key), 7, 0)
			e.ok("Incr", err)
		}},
		{name: "IncrThatExpires", needs: Counter, do: func(e *env, key string) {
			e.short(func(ttl time.Duration) {
				_, err := e.counter.Incr(e.ctx, e.k(key), 7, ttl)
				e.ok("Incr", err)
			})
		}},
		{name: "IncrFloatThatExpires", needs: Counter, do: func(e *env, key string) {
			e.short(func(ttl time.Duration) {
				_, err := e.counter.IncrFloat(e.ctx, e.k(key), 7, ttl)
				e.ok("IncrFloat", err)
			})
		}},
		{name: "SetAndSwapThatExpires", needs: Swapper, do: func(e *env, key string) {
			e.set(key, "1", 0)
			e.short(func(ttl time.Duration) { e.wantSwap(key, e.version(key, "1"), "2", ttl, true) })
		}},
		{name: "Clear", needs: PrefixClearer, do: func(e *env, key string) { e.wantClear(key, 0) }},
		{name: "ClearOfAPrefix", needs: PrefixClearer, do: func(e *env, key string) { e.wantClear(key[:1], 0) }},
	}
}

// voidCases: nothing undoes a write that came after a lease was given, by whatever store.
func voidCases() []testCase {
	var cases []testCase
	for _, c := range overwritings() {
		var needs []Capability
		if c.needs != "" {
			needs = []Capability{c.needs}
		}
		cases = append(cases,
			testCase{name: "VoidedBy" + c.name, needs: needs, run: func(e *env) { e.wantVoided(e, c) }},
			testCase{name: "VoidedByTheOthers" + c.name, needs: needs, when: hasShared, opens: true, run: func(e *env) {
				a, b := e.two()
				a.wantVoided(b, c)
			}})
	}
	return append(cases, testCase{name: "VoidedByClearAll", needs: []Capability{Clearer}, empties: true, run: func(e *env) {
		l := e.lease("k")
		_, err := e.clearer.ClearAll(e.ctx)
		e.ok("ClearAll", err)
		e.wantFill("k", l, "old", 0, false)
		e.wantMiss("k")
	}}, testCase{name: "NotVoidedByOthersWrites", run: func(e *env) {
		l := e.lease("k")
		e.set("k2", "1", 0)
		e.set("K", "1", 0)
		e.wantDelete("k3", false)
		e.wantDelete("", false)
		if e.able(PrefixClearer) {
			e.wantClear("k2", 1)
		}
		e.wantFill("k", l, "1", 0, true)
	}})
}

func (e *env) wantVoided(other *env, c overwriting) {
	e.Helper()
	filled, released, renewed := e.lease("a fill"), e.lease("a release"), e.lease("a renewal")
	keys := []string{"a fill", "a release", "a renewal"}
	e.atOnce(len(keys), func(i int) { c.do(other, keys[i]) })
	e.wantFill("a fill", filled, "old", 0, false)
	e.wantRelease("a release", released, false)
	e.wantRenew("a renewal", renewed, driver.MaxLease, false)
	if c.leaves != "" {
		e.want("a fill", c.leaves)
		return
	}
	e.wantMiss("a fill")
	next := e.lease("a fill")
	e.wantFill("a fill", filled, "old", 0, false)
	e.wantRelease("a fill", filled, false)
	e.wantFill("a fill", next, "next", 0, true)
}
