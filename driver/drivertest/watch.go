package drivertest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
)

// watchCases: who watches is told of every change, or that there may have been some.
func watchCases() []testCase {
	cases := []testCase{
		{name: "BeginsAlive", run: func(e *env) {
			w := e.watch(e.k(""))
			first := w.seen()[0]
			if first.Kind != driver.Alive || time.Since(first.Until) > driver.AliveWithin || time.Until(first.Until) > 0 {
				e.Errorf("when Watch returns, the first event is %v; want an Alive of now (%v)", first, time.Now())
			}
		}},
		{name: "TellsEveryChange", run: func(e *env) { e.tellsEveryChange(e) }},
		{name: "TellsTheOthersChanges", when: func(h *Harness) bool { return h.OpenShared != nil }, opens: true, run: func(e *env) {
			a, b := e.two()
			a.tellsEveryChange(b)
		}},
		{name: "TellsOfClearAll", needs: []Capability{Clearer}, empties: true, run: func(e *env) {
			e.fill("a", "b")
			w := e.watch(e.k(""))
			_, err := e.clearer.ClearAll(e.ctx)
			e.ok("ClearAll", err)
			w.wantTold("ClearAll", e.ks("a", "b")...)
		}},
		{name: "LiteralPrefix", run: func(e *env) {
			w := e.watch(e.k("a*:"))
			e.fill("a:1", "ab:1", "a*", "A*:1", "a*:1")
			for _, event := range w.until(time.Now()) {
				if event.Kind == driver.Changed && !strings.HasPrefix(event.Key, e.k("a*:")) {
					e.Errorf("a watch of %q is told of %q", e.k("a*:"), event.Key)
				}
			}
			w.wantTold("Set", e.k("a*:1"))
		}},
		{name: "StaysAlive", run: staysAlive},
		{name: "OneAtATime", run: oneAtATime},
		{name: "Stops", run: func(e *env) {
			stopped, w := e.watch(e.k("")), e.watch(e.k(""))
			stopped.stop()
			e.wantSilence(stopped, w, func() { e.set("a", "1", 0) })
			stopped.stop() // a second time
		}},
		{name: "StopsWhileTelling", run: stopsWhileTelling},
		{name: "EndsWithTheStore", empties: true, run: func(e *env) {
			w := e.watch(e.k(""))
			e.ok("Close", e.store.Close())
			n := len(w.seen())
			waitFor(time.Now().Add(driver.AliveWithin))
			if now := len(w.seen()); now != n {
				e.Errorf("%d events after Close", now-n)
			}
			w.stop()
		}},
	}
	for i := range cases {
		cases[i].needs = append(cases[i].needs, Watcher)
	}
	return cases
}

// watched is what a watch was told.
type watched struct {
	e    *env
	stop func()
	mu   sync.Mutex
	all  []driver.Event
	news chan struct{} // has room for one
}

func (e *env) watch(prefix string) *watched {
	e.Helper()
	w := &watched{e: e, news: make(chan struct{}, 1)}
	stop, err := e.watcher.Watch(e.ctx, prefix, w.tell)
	e.ok("Watch", err)
	w.stop = stop
	e.Cleanup(stop)
	if len(w.seen()) == 0 {
		e.Fatal("Watch has returned, and nothing was told")
	}
	return w
}

func (w *watched) tell(event driver.Event) {
	w.mu.Lock()
	w.all = append(w.all, event)
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default:
	}
}

func (w *watched) seen() []driver.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.all)
}

// until returns the events up to the Alive that reaches beyond the moment t, without that.
func (w *watched) until(t time.Time) []driver.Event {
	w.e.Helper()
	hung := time.NewTimer(patience)
	defer hung.Stop()
	for {
		all := w.seen()
		i := slices.IndexFunc(all, func(e driver.Event) bool { return e.Kind == driver.Alive && e.Until.After(t) })
		if i >= 0 {
			return all[:i]
		}
		select {
		case <-w.news:
		case <-hung.C:
			w.e.Fatalf("no Alive reaches beyond %v in %v", t, patience)
		}
	}
}

// wantTold fails unless the keys are told, or a gap is, before the Alive that reaches beyond this moment. It forgets
// what was told.
func (w *watched) wantTold(what string, keys ...string) {
	w.e.Helper()
	told := w.until(time.Now())
	if !slices.ContainsFunc(told, func(e driver.Event) bool { return e.Kind == driver.Gap }) {
		for _, key := range keys {
			if !slices.Contains(told, driver.Event{Kind: driver.Changed, Key: key}) {
				w.e.Errorf("%s: nothing was told of %s before an Alive that reaches beyond it", what, brief(key))
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = slices.DeleteFunc(w.all, func(e driver.Event) bool { return e.Kind != driver.Alive })
}

// tellsEveryChange calls every method that writes, on the store by.
func (e *env) tellsEveryChange(by *env) {
	w := e.watch(e.k(""))
	for _, c := range calls() {
		if !c.writes || c.name == "ClearAll" || (c.needs != "" && !e.able(c.needs)) {
			continue
		}
		key := c.name
		by.set(key, "7", longTTL)
		w.wantTold("Set", e.k(key))
		if c.name == "Swap" {
			by.someVersion = by.version(key, "7")
		}
		change := func() { e.ok(c.name, c.call(e.ctx, by, e.k(key))) }
		switch c.name {
		case "Add", "AddLive", "SwapNotify": // where nothing is
			by.wantDelete(key, true)
			w.wantTold("Delete", e.k(key))
		case "SwapLive":
			by.set(key, "old", longTTL)
		}
		change()
		w.wantTold(c.name, e.k(key))
	}
}

// staysAlive looks at every moment of a while: the last Alive that was told reaches into the time that it has to.
func staysAlive(e *env) {
	var mu sync.Mutex
	var last, worst time.Duration
	began := time.Now()
	stop, err := e.watcher.Watch(e.ctx, e.k(""), func(event driver.Event) {
		if event.Kind != driver.Alive {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if now := time.Since(began); last != 0 || worst != 0 {
			worst = max(worst, now-last)
		}
		last = event.Until.Sub(began)
	})
	e.ok("Watch", err)
	waitFor(began.Add(2 * driver.AliveWithin))
	stop()
	worst = max(worst, time.Since(began)-last)
	if worst > driver.AliveWithin {
		e.Errorf("there was a moment at which the last Alive was %v old; want at most %v", worst, driver.AliveWithin)
	}
}

// oneAtATime writes a lot while tell takes its time.
func oneAtATime(e *env) {
	var inside, overlaps atomic.Int64
	stop, err := e.watcher.Watch(e.ctx, e.k(""), func(driver.Event) {
		if inside.Add(1) > 1 {
			overlaps.Add(1)
		}
		for range 50 {
			runtime.Gosched() // so that others could come
		}
		inside.Add(-1)
	})
	e.ok("Watch", err)
	e.atOnce(8, func(i int) {
		for n := range 50 {
			e.set(fmt.Sprint(i, ":", n), "1", 0)
		}
	})
	stop()
	if n := overlaps.Load(); n > 0 {
		e.Errorf("tell was called %d times while it had not returned", n)
	}
}

// wantSilence fails if a watch that has ended is told of what change does; another one, which has not, says when that
// would have been.
func (e *env) wantSilence(ended, w *watched, change func()) {
	e.Helper()
	n := len(ended.seen())
	change()
	w.until(time.Now())
	if now := len(ended.seen()); now != n {
		e.Errorf("%d events after the end of a watch", now-n)
	}
}

// stopsWhileTelling: a stop that comes in the middle of a tell waits for it.
func stopsWhileTelling(e *env) {
	telling, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var inside atomic.Bool
	stop, err := e.watcher.Watch(e.ctx, e.k(""), func(event driver.Event) {
		if event.Kind != driver.Changed {
			return
		}
		inside.Store(true)
		once.Do(func() { close(telling); <-goOn })
		inside.Store(false)
	})
	e.ok("Watch", err)
	wrote := make(chan struct{})
	go func() { defer close(wrote); e.set("a", "1", 0) }()
	<-telling
	stopped := make(chan bool, 1)
	go func() { stop(); stopped <- inside.Load() }()
	for range 1000 {
		runtime.Gosched() // so that stop could return
	}
	close(goOn)
	if <-stopped {
		e.Error("stop has returned while an event was told")
	}
	<-wrote
}
