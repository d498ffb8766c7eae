package drivertest

import (
	"strconv"

	"github.com/larder-go/larder/driver"
)

// sharedCases: two stores on the same data, as two processes have them.
func sharedCases() []testCase {
	shared := func(h *Harness) bool { return h.OpenShared != nil }
	cases := []testCase{
		{name: "SeesTheOthersWrites", run: func(e *env) {
			a, b := e.two()
			a.set("k", "1", 0)
			b.want("k", "1")
			b.set("k", "2", longTTL)
			a.want("k", "2")
			a.wantDelete("k", true)
			b.wantMiss("k")
			b.wantDelete("k", false)
		}},
		{name: "SeesTheOthersLifetimes", run: func(e *env) {
			a, b := e.two()
			l := e.written(e.ttl(), func() { a.set("k", "1", e.ttl()) })
			l.whileAlive("an entry of the other store", func() bool { return b.holds("k") })
			l.untilGone()
			b.wantMiss("k")
			a.wantMiss("k")
		}},
		{name: "AddHasOneWinner", needs: []Capability{Adder}, run: func(e *env) {
			stores := e.twoAsList()
			e.oneWinner("Add", 16, func(int) {}, func(round, i int) (bool, error) {
				return stores[i%2].adder.Add(e.ctx, e.k(valueOf(round)), []byte(strconv.Itoa(i)), longTTL)
			})
		}},
		{name: "IncrLosesNothing", needs: []Capability{Counter}, run: func(e *env) {
			stores := e.twoAsList()
			e.atOnce(16, func(i int) {
				for range 20 {
					if _, err := stores[i%2].counter.Incr(e.ctx, e.k("n"), 1, 0); err != nil {
						e.Errorf("Incr: %v", err)
					}
				}
			})
			stores[0].want("n", "320")
			stores[1].want("n", "320")
		}},
		{name: "SwapKnowsTheOthersWrites", needs: []Capability{Swapper}, run: func(e *env) {
			a, b := e.two()
			a.set("k", "1", 0)
			v := a.version("k", "1")
			b.set("k", "3", 0)
			a.wantSwap("k", v, "2", 0, false)
			b.wantDelete("k", true)
			a.wantSwap("k", v, "2", 0, false)
			b.set("k", "1", 0)
			a.wantSwap("k", a.version("k", "1"), "2", 0, true)
			b.want("k", "2")
		}},
		{name: "SwapKnowsTheOthersWritesOfOneValue", needs: []Capability{Swapper}, when: versionsAreStates, run: func(e *env) {
			a, b := e.two()
			a.set("k", "1", 0)
			v := a.version("k", "1")
			b.set("k", "1", 0)
			a.wantSwap("k", v, "2", 0, false)
			v = a.version("k", "1")
			b.wantDelete("k", true)
			b.set("k", "1", 0)
			a.wantSwap("k", v, "2", 0, false)
			a.wantSwap("k", a.version("k", "1"), "2", 0, true)
			b.want("k", "2")
		}},
		{name: "SwapLoopLosesNothing", needs: []Capability{Swapper}, run: func(e *env) {
			stores := e.twoAsList()
			stores[0].set("n", "0", 0)
			e.atOnce(16, func(i int) {
				for range 5 {
					stores[i%2].swapUntilDone("n")
				}
			})
			stores[1].want("n", "80")
		}},
		{name: "ClearTakesTheOthersToo", needs: []Capability{PrefixClearer}, run: func(e *env) {
			a, b := e.two()
			a.fill("a:1", "b:1")
			b.fill("a:2")
			a.wantClear("a:", 2)
			b.wantMiss("a:1")
			b.wantMiss("a:2")
			b.wantLeft("b:1")
		}},
		{name: "CloseLeavesTheOther", run: func(e *env) {
			a, b := e.two()
			a.set("k", "1", 0)
			e.ok("Close", a.store.Close())
			_, err := a.store.Get(e.ctx, e.k("k"))
			e.wantErr("Get from the closed one", err, driver.ErrClosed)
			b.want("k", "1")
			b.set("k", "2", 0)
			b.want("k", "2")
		}},
	}
	for i := range cases {
		own := cases[i].when
		cases[i].when = func(h *Harness) bool { return shared(h) && (own == nil || own(h)) }
		cases[i].opens = true
	}
	return cases
}

// two opens two stores on the same data.
func (e *env) two() (a, b *env) {
	e.Helper()
	first, second := e.h.OpenShared(e.T)
	a, b = e.on(first), e.on(second)
	a.open(first, e.h.Capabilities)
	b.open(second, e.h.Capabilities)
	b.plantDecoys()
	return a, b
}

func (e *env) twoAsList() []*env {
	a, b := e.two()
	return []*env{a, b}
}
