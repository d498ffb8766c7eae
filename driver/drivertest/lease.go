package drivertest

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
)

// leaseCases: one loader may fill an absent key, and what is written meanwhile is not undone.
func leaseCases() []testCase {
	cases := slices.Concat(grantCases(), fillCases(), voidCases(), leaseEndCases(), awaitCases())
	for i := range cases {
		cases[i].needs = append(cases[i].needs, Leaser)
	}
	return cases
}

func grantCases() []testCase {
	return []testCase{
		{name: "ForAnAbsentKeyOnly", run: func(e *env) {
			e.set("there", "1", 0)
			e.wantThere("there", "1")
			e.lease("absent")
			e.wantTaken("absent")
			e.wantThere("there", "1")
		}},
		{name: "EmptyValueIsThere", run: func(e *env) {
			e.set("there", "", 0)
			e.wantThere("there", "")
		}},
		{name: "OfMany", run: leasesOfMany},
		{name: "OfNone", run: func(e *env) {
			grants, err := e.leaser.Acquire(e.ctx, nil, driver.MaxLease)
			e.ok("Acquire of no keys", err)
			filled, err := e.leaser.Fill(e.ctx, nil, 0)
			e.ok("Fill of nothing", err)
			if len(grants)+len(filled) != 0 {
				e.Errorf("of nothing: %v, %v", grants, filled)
			}
		}},
		{name: "OneWinner", run: func(e *env) { e.oneLease(e) }},
		{name: "OneWinnerOfTwoStores", when: hasShared, opens: true, run: func(e *env) {
			a, b := e.two()
			a.oneLease(b)
		}},
		{name: "OneLoad", run: func(e *env) { e.oneLoad(e) }},
		{name: "OneLoadOfTwoStores", when: hasShared, opens: true, run: func(e *env) {
			a, b := e.two()
			a.oneLoad(b)
		}},
		{name: "StrangeKeys", run: strangeKeysLeased},
		{name: "NotAnEntry", run: leaseIsNoEntry},
		{name: "NotScanned", needs: []Capability{Scanner}, run: func(e *env) {
			e.fill("many:1", "many:2")
			e.lease("many:3")
			e.wantKeys("", "many:1", "many:2")
		}},
		{name: "NotCleared", needs: []Capability{PrefixClearer}, run: func(e *env) {
			e.fill("many:1", "many:2")
			e.lease("many:3")
			e.wantClear("many:", 2)
		}},
		{name: "SharedNotAnEntry", when: hasShared, opens: true, run: func(e *env) {
			a, b := e.two()
			a.lease("k")
			b.wantMiss("k")
			b.wantTaken("k")
		}},
	}
}

func hasShared(h *Harness) bool { return h.OpenShared != nil }

// acquire asks for one key.
func (e *env) acquire(key string, d time.Duration) driver.Grant {
	e.Helper()
	grants, err := e.leaser.Acquire(e.ctx, e.ks(key), d)
	if err != nil || len(grants) != 1 {
		e.Fatalf("Acquire %s: %d grants, %v", brief(e.k(key)), len(grants), err)
	}
	if g := grants[0]; g.Lease != "" && !errors.Is(g.Err, driver.ErrMiss) {
		e.Fatalf("Acquire %s: a lease that comes with the error %v, not ErrMiss", brief(e.k(key)), g.Err)
	}
	return grants[0]
}

// lease gets the lease of a key that is absent and free.
func (e *env) lease(key string) driver.Lease { e.Helper(); return e.leaseFor(key, driver.MaxLease) }

func (e *env) leaseFor(key string, d time.Duration) driver.Lease {
	e.Helper()
	g := e.acquire(key, d)
	if g.Lease == "" {
		e.Fatalf("Acquire %s = %+v; want a lease", brief(e.k(key)), g)
	}
	return g.Lease
}

func (e *env) wantTaken(key string) {
	e.Helper()
	if g := e.acquire(key, driver.MaxLease); g.Lease != "" || !errors.Is(g.Err, driver.ErrMiss) {
		e.Errorf("Acquire %s = %+v; want ErrMiss and no lease", brief(e.k(key)), g)
	}
}

func (e *env) wantThere(key, value string) {
	e.Helper()
	if g := e.acquire(key, driver.MaxLease); g.Lease != "" || g.Err != nil || string(g.Value) != value {
		e.Errorf("Acquire %s = %+v; want the value %s", brief(e.k(key)), g, brief(value))
	}
}

func (e *env) wantFill(key string, l driver.Lease, value string, ttl time.Duration, want bool) {
	e.Helper()
	filled, err := e.leaser.Fill(e.ctx, []driver.Filling{{Key: e.k(key), Lease: l, Value: []byte(value)}}, ttl)
	if err != nil || len(filled) != 1 || filled[0] != want {
		e.Errorf("Fill %s = %v, %v; want %v", brief(e.k(key)), filled, err, want)
	}
}

func (e *env) wantRelease(key string, l driver.Lease, want bool) {
	e.Helper()
	if got, err := e.leaser.Release(e.ctx, e.k(key), l); err != nil || got != want {
		e.Errorf("Release %s = %v, %v; want %v", brief(e.k(key)), got, err, want)
	}
}

func (e *env) wantRenew(key string, l driver.Lease, d time.Duration, want bool) {
	e.Helper()
	if got, err := e.leaser.Renew(e.ctx, e.k(key), l, d); err != nil || got != want {
		e.Errorf("Renew %s = %v, %v; want %v", brief(e.k(key)), got, err, want)
	}
}

func leasesOfMany(e *env) {
	e.set("there", "1", 0)
	e.lease("taken")
	grants, err := e.leaser.Acquire(e.ctx, e.ks("free", "there", "taken", "free too"), driver.MaxLease)
	if err != nil || len(grants) != 4 {
		e.Fatalf("Acquire of 4 keys: %d grants, %v", len(grants), err)
	}
	miss := func(i int) bool { return errors.Is(grants[i].Err, driver.ErrMiss) }
	if !miss(0) || !miss(3) || grants[0].Lease == "" || grants[3].Lease == "" || grants[0].Lease == grants[3].Lease {
		e.Errorf("of absent keys: %+v, %+v; want two leases", grants[0], grants[3])
	}
	if grants[1].Err != nil || string(grants[1].Value) != "1" || grants[1].Lease != "" {
		e.Errorf("of one that is there: %+v", grants[1])
	}
	if !miss(2) || grants[2].Lease != "" {
		e.Errorf("of one that is taken: %+v", grants[2])
	}
	e.wantFill("free", grants[3].Lease, "wrong", 0, false)
	e.wantFill("free", grants[0].Lease, "1", 0, true)
	e.wantFill("free too", grants[3].Lease, "2", 0, true)
}

// oneLease: of 64 that ask at once, through two stores, one gets the lease.
func (e *env) oneLease(other *env) {
	stores := []*env{e, other}
	e.oneWinner("Acquire", 64, func(int) {}, func(round, i int) (bool, error) {
		grants, err := stores[i%2].leaser.Acquire(e.ctx, e.ks(valueOf(round)), driver.MaxLease)
		return err == nil && grants[0].Lease != "", err
	})
}

// oneLoad: 64 callers that all want one key, and do as the portable side does.
func (e *env) oneLoad(other *env) {
	stores := []*env{e, other}
	var loads atomic.Int64
	for round := range 5 {
		key := valueOf(round)
		e.atOnce(64, func(i int) {
			if got := stores[i%2].loadOnce(key, &loads); got != "loaded" {
				e.Errorf("caller %d gets %s", i, brief(got))
			}
		})
		if n := loads.Swap(0); n != 1 {
			e.Errorf("64 callers of one key load %d times", n)
		}
	}
}

func (e *env) loadOnce(key string, loads *atomic.Int64) string {
	for {
		g := e.acquire(key, driver.MaxLease)
		switch {
		case g.Err == nil:
			return string(g.Value)
		case g.Lease != "":
			loads.Add(1)
			e.wantFill(key, g.Lease, "loaded", longTTL, true)
			return "loaded"
		}
		if err := e.leaser.Await(e.ctx, e.k(key)); err != nil {
			e.Errorf("Await: %v", err)
			return ""
		}
	}
}

// bracedKeys are keys that a server which divides its keys by a part in braces may put elsewhere than what belongs to them.
var bracedKeys = []string{"{", "}", "{}", "}{", "{}a", "a{}b{c}", "a{b}c", "{a}{b}", "a}b", "a}b{c}", "a{b", "a{b}c}", "a{{b}}", "{}}", "}:", "1}:a", "{1}:a",
	"larder:lease:", "a{\x00}b"}

// strangeKeysLeased: any two keys are two leases.
func strangeKeysLeased(e *env) {
	var keys []string
	for _, k := range slices.Concat(e.strangeKeys(), bracedKeys) {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	grants, err := e.leaser.Acquire(e.ctx, e.ks(keys...), driver.MaxLease)
	e.ok("Acquire", err)
	fillings := make([]driver.Filling, len(keys))
	for i, k := range keys {
		if grants[i].Lease == "" {
			e.Errorf("no lease for %s: %v", brief(e.k(k)), grants[i].Err)
		}
		fillings[i] = driver.Filling{Key: e.k(k), Lease: grants[i].Lease, Value: []byte(valueOf(i))}
		e.wantMiss(k)
	}
	for i, k := range keys {
		e.wantRenew(k, grants[i].Lease, driver.MaxLease, true)
	}
	filled, err := e.leaser.Fill(e.ctx, fillings, longTTL)
	e.ok("Fill", err)
	for i, k := range keys {
		if !filled[i] {
			e.Errorf("%s is not filled", brief(e.k(k)))
		}
		e.want(k, valueOf(i))
	}
}

// leaseIsNoEntry: nothing that reads entries sees a lease.
func leaseIsNoEntry(e *env) {
	l := e.lease("k")
	e.wantMiss("k")
	if e.able(Batcher) {
		results, err := e.batcher.GetMany(e.ctx, e.ks("k"))
		if err != nil || !errors.Is(results[0].Err, driver.ErrMiss) {
			e.Errorf("GetMany of a leased key = %v, %v", results, err)
		}
	}
	if e.able(Inspector) {
		infos, err := e.inspector.Inspect(e.ctx, e.ks("k"))
		if err != nil || len(infos) != 0 {
			e.Errorf("Inspect of a leased key = %v, %v", infos, err)
		}
	}
	if e.able(Toucher) {
		ok, err := e.toucher.Touch(e.ctx, e.k("k"), longTTL)
		if ok || err != nil {
			e.Errorf("Touch of a leased key = %v, %v", ok, err)
		}
	}
	e.wantFill("k", l, "1", 0, true)
	e.lease("d")
	e.wantDelete("d", false)
	if e.able(Adder) {
		e.lease("a")
		e.wantAdd("a", "1", true)
	}
	if e.able(Counter) {
		e.lease("n")
		if n, err := e.counter.Incr(e.ctx, e.k("n"), 5, 0); n != 5 || err != nil {
			e.Errorf("Incr of a leased key = %d, %v", n, err)
		}
	}
}
