package drivertest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/larder-go/larder/driver"
)

// swapNotifyCases: SwapNotify is Swap, or Add, that tells of what it has done and is silent when it has done nothing.
func swapNotifyCases() []testCase {
	return []testCase{
		{name: "SwapCurrent", needs: []Capability{Swapper}, run: func(e *env) {
			l := e.subscribe("a")
			e.set("a", "1", 0)
			e.wantSwapNotify("a", e.version("a", "1"), "2", 0, true)
			e.want("a", "2")
			l.wantTold("a=2")
		}},
		{name: "SwapOld", needs: []Capability{Swapper}, run: func(e *env) {
			l := e.subscribe("a")
			e.set("a", "1", 0)
			v := e.version("a", "1")
			e.setNotify("a", "2", 0)
			l.wantTold("a=2")
			e.wantSwapNotify("a", v, "3", 0, false)
			e.want("a", "2")
			e.wantDelete("a", true)
			e.wantSwapNotify("a", v, "3", 0, false)
			e.wantMiss("a")
			e.setNotify("a", "4", 0)
			l.wantTold("a=4")
		}},
		{name: "SwapNotThere", run: func(e *env) {
			l := e.subscribe("a")
			e.wantSwapNotify("a", nil, "1", 0, true)
			e.want("a", "1")
			l.wantTold("a=1")
			e.wantSwapNotify("a", nil, "2", 0, false)
			e.want("a", "1")
			e.set("a", "", 0) // is there too
			e.wantSwapNotify("a", nil, "3", 0, false)
			e.setNotify("a", "4", 0)
			l.wantTold("a=4")
		}},
		{name: "SwapExpired", run: func(e *env) {
			l := e.written(e.ttl(), func() { e.wantSwapNotify("a", nil, "1", e.ttl(), true) })
			l.whileAlive("an entry that SwapNotify made", func() bool { return e.holds("a") })
			l.untilGone()
			e.wantSwapNotify("a", nil, "2", 0, true)
			e.want("a", "2")
		}},
		{name: "SwapKeepsTTL", needs: []Capability{Swapper, Inspector}, run: func(e *env) {
			e.set("a", "1", longTTL)
			e.set("b", "1", 0)
			for _, key := range []string{"a", "b"} {
				e.wantSwapNotify(key, e.version(key, "1"), "2", driver.KeepTTL, true)
			}
			if left := e.remaining("a"); left <= 0 || left > longTTL {
				e.Errorf("after a SwapNotify with KeepTTL %v are left of %v", left, longTTL)
			}
			if left := e.remaining("b"); left != 0 {
				e.Errorf("after a SwapNotify with KeepTTL an entry without expiry has %v left", left)
			}
			e.wantSwapNotify("a", e.version("a", "2"), "3", 0, true)
			if left := e.remaining("a"); left != 0 {
				e.Errorf("after a SwapNotify without ttl %v are left", left)
			}
		}},
		{name: "SwapHasOneWinner", run: func(e *env) {
			l := e.subscribe()
			e.oneWinner("SwapNotify", 16, func(round int) {
				e.ok("Add", l.sub.Add(e.ctx, e.k(valueOf(round))))
			}, func(round, i int) (bool, error) {
				return e.notifier.SwapNotify(e.ctx, e.k(valueOf(round)), nil, []byte(strconv.Itoa(i)), 0)
			})
			e.wantOneMessageEach(l)
		}},
		{name: "SwapLoopTellsAll", needs: []Capability{Swapper}, run: swapNotifyLoop},
	}
}

func (e *env) wantSwapNotify(key string, v driver.Version, value string, ttl time.Duration, want bool) {
	e.Helper()
	if got, err := e.notifier.SwapNotify(e.ctx, e.k(key), v, []byte(value), ttl); err != nil || got != want {
		e.Errorf("SwapNotify %q = %v, %v; want %v", key, got, err, want)
	}
}

// wantOneMessageEach fails unless the ten rounds of oneWinner have told of their winner each.
func (e *env) wantOneMessageEach(l *listener) {
	e.Helper()
	e.ok("Add", l.sub.Add(e.ctx, e.k("fence")))
	e.setNotify("fence", "1", 0)
	var want []string
	for round := range 10 {
		got, err := e.store.Get(e.ctx, e.k(valueOf(round)))
		e.ok("Get", err)
		want = append(want, valueOf(round)+"="+string(got))
	}
	l.wantToldAll(append(want, "fence=1")...)
}

// swapNotifyLoop: each value that was there is told, in its turn.
func swapNotifyLoop(e *env) {
	const callers, each = 8, 5
	e.set("n", "0", 0)
	l := e.subscribe("n")
	e.atOnce(callers, func(int) {
		for i := 0; i < each; {
			got, v, err := e.swapper.GetVersion(e.ctx, e.k("n"))
			if err != nil {
				e.Errorf("GetVersion: %v", err)
				return
			}
			n, _ := strconv.Atoi(string(got))
			ok, err := e.notifier.SwapNotify(e.ctx, e.k("n"), v, []byte(strconv.Itoa(n+1)), driver.KeepTTL)
			if err != nil {
				e.Errorf("SwapNotify: %v", err)
				return
			}
			if ok {
				i++
			}
		}
	})
	var want []string
	for i := range callers * each {
		want = append(want, fmt.Sprint("n=", i+1))
	}
	l.wantTold(want...)
}
