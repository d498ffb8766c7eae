package drivertest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
)

// collectCases: many add to one collection, and each knows how many there are.
func collectCases() []testCase {
	cases := []testCase{
		{name: "Counts", run: func(e *env) {
			c := e.collection("{g}")
			e.wantCollect(c, 0, "a", 0, 1, "", "")
			e.set("{g}.s", "3", 0)
			e.wantCollect(c, 1, "b", 0, 2, "", "3")
			e.set("{g}.t", "1", 0)
			e.wantCollect(c, 2, "c", 0, 3, "1", "3")
			e.wantMembers(c, "a", "b", "c")
		}},
		{name: "Order", run: func(e *env) {
			c := e.collection("{g}")
			positions := map[string]float64{
				"last": math.Inf(1), "also last": math.Inf(1), "10": 10, "9": 9, "0": 0, "-1": -1, "half": 0.5, "less": -0.5, "first": math.Inf(-1),
				"big": 1 << 53, "b": 3, "a": 3, "\xff": 3, "": 3,
			}
			for member, position := range positions {
				_, err := e.collector.Collect(e.ctx, c, position, []byte(member), 0)
				e.ok("Collect", err)
			}
			e.wantMembers(c, "first", "-1", "less", "0", "half", "", "a", "b", "\xff", "9", "10", "big", "also last", "last")
		}},
		{name: "Moves", run: func(e *env) {
			c := e.collection("{g}")
			e.wantCollect(c, 1, "a", 0, 1, "", "")
			e.wantCollect(c, 2, "b", 0, 2, "", "")
			e.wantCollect(c, 3, "a", 0, 2, "", "")
			e.wantMembers(c, "b", "a")
			e.wantCollect(c, 3, "a", 0, 2, "", "")
			e.wantMembers(c, "b", "a")
		}},
		{name: "Appends", run: func(e *env) {
			c := e.collection("{g}")
			c.Appended = true
			e.set("{g}.t", "7", 0)
			e.wantCollect(c, 5, "a", 0, 1, "7", "")
			e.wantCollect(c, 4, "b", 0, 2, "7", "")
			e.wantCollect(c, math.Inf(1), "a", 0, 3, "7", "")
			e.wantMembers(c, "a", "b", "a")
		}},
		{name: "AnyMember", run: anyMember},
		{name: "None", run: func(e *env) {
			e.wantMembers(e.collection("{none}"))
			e.ok("Drop", e.collector.Drop(e.ctx, e.collection("{none}")))
		}},
		{name: "Drop", run: func(e *env) {
			for _, appended := range []bool{false, true} {
				c := e.collection("{g}")
				c.Appended = appended
				e.wantCollect(c, 0, "a", longTTL, 1, "", "")
				e.set("{g}.t", "1", 0)
				e.set("{g}.s", "2", longTTL)
				e.set("{g}.x", "stays", 0)
				e.ok("Drop", e.collector.Drop(e.ctx, c))
				e.wantMembers(c)
				e.wantMiss("{g}.t")
				e.wantMiss("{g}.s")
				e.want("{g}.x", "stays")
				e.wantCollect(c, 0, "b", 0, 1, "", "")
				e.ok("Drop", e.collector.Drop(e.ctx, c))
			}
		}},
		{name: "DropIsOneStep", run: dropIsOneStep},
		{name: "IsNoValue", run: isNoValue},
		{name: "NotANumber", run: func(e *env) {
			if got, err := e.collector.Collect(e.ctx, e.collection("{g}"), math.NaN(), []byte("a"), 0); err == nil {
				e.Errorf("a member at position NaN: %v", got)
			}
			e.wantMembers(e.collection("{g}"))
		}},
		{name: "Extends", run: collectExtends},
		{name: "Expires", run: collectionExpires},
		{name: "OneIsLast", run: func(e *env) { e.oneIsLast([]*env{e}) }},
		{name: "OneIsLastOfTwoStores", when: func(h *Harness) bool { return h.OpenShared != nil }, opens: true, run: func(e *env) {
			stores := e.twoAsList()
			stores[0].oneIsLast(stores)
		}},
	}
	for i := range cases {
		cases[i].needs = append(cases[i].needs, Collector)
	}
	return cases
}

// collection names the keys as Celery does. A name in braces keeps them together in a cluster.
func (e *env) collection(name string) driver.Collection {
	return driver.Collection{Members: e.k(name + ".j"), Counts: [2]string{e.k(name + ".t"), e.k(name + ".s")}}
}

// wantCollect adds a member; a counter "" is one that is not there.
func (e *env) wantCollect(c driver.Collection, position float64, member string, ttl time.Duration, n int, counts ...string) {
	e.Helper()
	got, err := e.collector.Collect(e.ctx, c, position, []byte(member), ttl)
	e.ok("Collect", err)
	if got.Members != n {
		e.Errorf("Collect of %s counts %d members; want %d", brief(member), got.Members, n)
	}
	for i, want := range counts {
		if string(got.Counts[i]) != want || (got.Counts[i] == nil) != (want == "") {
			e.Errorf("Collect of %s reads %q as counter %d; want %q", brief(member), got.Counts[i], i, want)
		}
	}
}

func (e *env) wantMembers(c driver.Collection, want ...string) {
	e.Helper()
	if got := e.members(c); !slices.Equal(got, want) {
		e.Errorf("the members are %.200q; want %.200q", got, want)
	}
}

func (e *env) members(c driver.Collection) []string {
	e.Helper()
	got, err := e.collector.Members(e.ctx, c)
	e.ok("Members", err)
	var all []string
	for _, member := range got {
		all = append(all, string(member))
	}
	return all
}

// dropIsOneStep: who adds at the same time finds all of the collection, or nothing.
func dropIsOneStep(e *env) {
	const adders = 4
	c := e.collection("{g}")
	for range 200 {
		e.wantCollect(c, 0, "a", 0, 1, "", "")
		e.set("{g}.t", "1", 0)
		e.set("{g}.s", "2", 0)
		e.atOnce(adders+1, func(i int) {
			if i == adders/2 {
				e.noError("Drop", e.collector.Drop(e.ctx, c))
				return
			}
			got, err := e.collector.Collect(e.ctx, c, 1, []byte(strconv.Itoa(i)), 0)
			e.noError("Collect", err)
			before := got.Members > 1 && string(got.Counts[0]) == "1" && string(got.Counts[1]) == "2"
			after := got.Members <= adders && got.Counts[0] == nil && got.Counts[1] == nil
			if !before && !after {
				e.Errorf("while a collection of 1 with counters 1 and 2 is dropped, Collect finds %d, %q", got.Members, got.Counts)
			}
		})
		e.ok("Drop", e.collector.Drop(e.ctx, c))
	}
}

// noError is ok for goroutines.
func (e *env) noError(what string, err error) {
	e.Helper()
	if err != nil {
		e.Errorf("%s: %v", what, err)
	}
}

func anyMember(e *env) {
	values := []string{"", "\x00", "a\r\nb", "\xff\xfe", "żółw", `[1, "id", "SUCCESS", {"a": null}]`, strings.Repeat("m", 1<<20)}
	sorted, appended := e.collection("{sorted}"), e.collection("{appended}")
	appended.Appended = true
	for i, value := range values {
		e.wantCollect(sorted, float64(len(values)-i), value, 0, i+1, "", "")
		e.wantCollect(appended, 0, value, 0, i+1, "", "")
	}
	e.wantMembers(appended, values...)
	slices.Reverse(values)
	e.wantMembers(sorted, values...)
}

// isNoValue: a collection and a value at one key keep out of each other's way.
func isNoValue(e *env) {
	c := e.collection("{g}")
	e.set("{g}.j", "value", 0)
	for _, c.Appended = range []bool{false, true} {
		_, err := e.collector.Collect(e.ctx, c, 0, []byte("a"), 0)
		e.wantErr("Collect at the key of a value", err, driver.ErrCodec)
		_, err = e.collector.Members(e.ctx, c)
		e.wantErr("Members at the key of a value", err, driver.ErrCodec)
	}
	e.want("{g}.j", "value")
	e.wantDelete("{g}.j", true)
	e.wantCollect(c, 0, "a", 0, 1, "", "") // appended
	_, err := e.store.Get(e.ctx, e.k("{g}.j"))
	e.wantErr("Get of a collection", err, driver.ErrCodec)
	c.Appended = false
	_, err = e.collector.Collect(e.ctx, c, 0, []byte("a"), 0)
	e.wantErr("Collect at the key of a collection of the other kind", err, driver.ErrCodec)
	c.Appended = true
	e.wantMembers(c, "a")
	if e.able(Scanner) && !slices.Contains(e.scan("{g}"), "{g}.j") {
		e.Error("Scan does not know the key of a collection")
	}
	e.set("{g}.j", "value", 0)
	e.want("{g}.j", "value")
	e.wantDelete("{g}.j", true)
	e.wantMembers(c)
}

// collectExtends: each member gives all three keys a new lifetime, and without one they stay as they are.
func collectExtends(e *env) {
	if !e.able(Inspector) {
		return
	}
	for _, appended := range []bool{false, true} {
		c := e.collection(fmt.Sprint("{g", appended, "}"))
		c.Appended = appended
		keys := []string{c.Members, c.Counts[0], c.Counts[1]}
		e.wantCollect(c, 0, "a", 0, 1)
		for _, key := range keys[1:] {
			e.ok("Set", e.store.Set(e.ctx, key, []byte("1"), 0))
		}
		for i, ttl := range []time.Duration{0, longTTL, longTTL / 2, 1500 * time.Millisecond * 100, 0} {
			want := ttl
			if i == 4 {
				want = 1500 * time.Millisecond * 100
			}
			e.wantCollect(c, 1, strconv.Itoa(i), ttl, i+2)
			for _, key := range keys {
				left := e.remaining(strings.TrimPrefix(key, e.prefix))
				if left > want || left < want-time.Minute {
					e.Errorf("after Collect with a ttl of %v, %q has %v left; want %v", ttl, key, left, want)
				}
			}
		}
	}
}

// collectionExpires: a collection of which the time is over is none, and begins again.
func collectionExpires(e *env) {
	c := e.collection("{g}")
	e.set("{g}.s", "2", 0)
	l := e.written(e.ttl(), func() { e.wantCollect(c, 0, "a", e.ttl(), 1) })
	l.whileAlive("a collection", func() bool { return len(e.members(c)) == 1 })
	l.untilGone()
	e.wantMembers(c)
	e.wantMiss("{g}.s")
	e.wantCollect(c, 0, "b", 0, 1, "", "")
	e.wantMembers(c, "b")
}

// oneIsLast: of many that add at once, each counts another number of members.
func (e *env) oneIsLast(stores []*env) {
	const n = 64
	for _, appended := range []bool{false, true} {
		c := e.collection(fmt.Sprint("{race", appended, "}"))
		c.Appended = appended
		e.ok("Set", e.store.Set(e.ctx, c.Counts[1], []byte(strconv.Itoa(n)), 0))
		var mu sync.Mutex
		var counted []int
		e.atOnce(n, func(i int) {
			got, err := stores[i%len(stores)].collector.Collect(e.ctx, c, float64(i), []byte(strconv.Itoa(i)), longTTL)
			if err != nil || string(got.Counts[1]) != strconv.Itoa(n) {
				e.Errorf("Collect: %v, %v", got, err)
			}
			mu.Lock()
			defer mu.Unlock()
			counted = append(counted, got.Members)
		})
		slices.Sort(counted)
		for i, got := range counted {
			if got != i+1 {
				e.Fatalf("%d writers count %v members", n, counted)
			}
		}
		if !appended {
			var want []string
			for i := range n {
				want = append(want, strconv.Itoa(i))
			}
			e.wantMembers(c, want...)
		}
	}
}
