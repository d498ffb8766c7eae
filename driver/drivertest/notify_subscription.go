package drivertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
)

// subscriptionCases: subscriptions come, change and go without each other.
func subscriptionCases() []testCase {
	return []testCase{
		{name: "Add", run: func(e *env) {
			l := e.subscribe("a")
			e.ok("Add", l.sub.Add(e.ctx, e.ks("b", "c", "a")...))
			for _, key := range []string{"a", "b", "c"} {
				e.setNotify(key, "1", 0)
				l.wantTold(key + "=1") // once, though a was added twice
			}
		}},
		{name: "Remove", run: func(e *env) {
			other, l := e.subscribe("a", "b"), e.subscribe("a", "b")
			l.sub.Remove(e.ks("a", "never there")...)
			e.setNotify("a", "1", 0)
			e.setNotify("b", "1", 0)
			other.wantToldAll("a=1", "b=1")
			l.wantTold("b=1")
			e.ok("Add", l.sub.Add(e.ctx, e.k("a")))
			e.setNotify("a", "2", 0)
			other.wantTold("a=2")
			l.wantTold("a=2")
		}},
		{name: "RemoveWhileTelling", run: removeWhileTelling},
		{name: "Stop", run: func(e *env) {
			stopped, l := e.subscribe("a", "b"), e.subscribe("a")
			stopped.sub.Stop()
			stopped.sub.Stop()
			e.setNotify("a", "1", 0)
			l.wantTold("a=1")
			if told := stopped.told(); len(told) > 0 {
				e.Errorf("after Stop, a subscription is told %q", told)
			}
			e.wantErr("Add after Stop", stopped.sub.Add(e.ctx, e.k("a")), driver.ErrClosed)
			stopped.sub.Remove(e.k("a"))
		}},
		{name: "StopWaits", run: func(e *env) { e.endWaits("Stop", func(l *listener) { l.sub.Stop() }) }},
		{name: "CloseWaits", empties: true, run: func(e *env) {
			e.endWaits("Close", func(*listener) { e.ok("Close", e.store.Close()) })
		}},
		{name: "EndsWithItsContext", run: endsWithItsContext},
		{name: "EndsWithTheStore", empties: true, run: func(e *env) {
			l, none := e.subscribe("a"), e.subscribe()
			e.ok("Close", e.store.Close())
			e.wantErr("Add after Close", l.sub.Add(e.ctx, e.k("b")), driver.ErrClosed)
			e.wantErr("Add after Close", none.sub.Add(e.ctx, e.k("b")), driver.ErrClosed)
			l.sub.Remove(e.k("a"))
			l.sub.Stop()
			none.sub.Stop()
		}},
		{name: "AddWithoutTime", run: func(e *env) {
			l := e.subscribe("a")
			ctx, cancel := context.WithCancel(e.ctx)
			cancel()
			e.wantErr("Add", l.sub.Add(ctx, e.k("b")), context.Canceled)
			e.setNotify("b", "1", 0)
			e.setNotify("a", "1", 0)
			l.wantTold("a=1")
		}},
		{name: "OneAtATime", run: tellsOneAtATime},
		{name: "SlowIsToldOfLoss", run: slowListener},
		{name: "ComeAndGo", run: comeAndGo},
		{name: "TellsTheOthers", when: func(h *Harness) bool { return h.OpenShared != nil }, opens: true, run: func(e *env) {
			a, b := e.two()
			l, own := a.subscribe("k"), b.subscribe("k")
			b.setNotify("k", "1", 0)
			l.wantTold("k=1")
			own.wantTold("k=1")
			a.want("k", "1")
			e.ok("Close", a.store.Close())
			b.setNotify("k", "2", 0)
			own.wantTold("k=2")
			if told := l.told(); len(told) > 1 {
				e.Errorf("a closed store tells %q", told)
			}
		}},
	}
}

// removeWhileTelling: who has got what he waited for says so there and then.
func removeWhileTelling(e *env) {
	l := &listener{e: e, news: make(chan struct{}, 1)}
	ready := make(chan struct{})
	l.subscribe([]string{"a", "b"}, func(m driver.Message) {
		<-ready
		l.sub.Remove(m.Key)
		l.tell(m)
	})
	for range 3 {
		e.setNotify("a", "1", 0)
	}
	close(ready)
	e.setNotify("b", "1", 0)
	l.wantToldAll("a=1", "b=1")
}

// endWaits: what ends a subscription returns after the call of tell that is under way, and there is no other.
func (e *env) endWaits(what string, end func(*listener)) {
	l := &listener{e: e}
	in, out := make(chan struct{}, 10), make(chan struct{})
	var stopped atomic.Bool
	l.subscribe([]string{"a"}, func(driver.Message) {
		if stopped.Load() {
			e.Errorf("tell is called after %s", what)
		}
		in <- struct{}{}
		<-out
	})
	e.setNotify("a", "1", 0)
	e.setNotify("a", "2", 0)
	<-in
	done := make(chan struct{})
	go func() {
		defer close(done)
		end(l)
		stopped.Store(true)
	}()
	select {
	case <-done:
		e.Errorf("%s has returned while tell is called", what)
	case <-time.After(20 * time.Millisecond): // it has had its chance
	}
	close(out)
	<-done
}

// endsWithItsContext: it takes a moment at most until nothing is told any more.
func endsWithItsContext(e *env) {
	ctx, cancel := context.WithCancel(e.ctx)
	during := *e
	during.ctx = ctx
	l, fence := during.subscribe("a"), e.subscribe("a")
	e.setNotify("a", "1", 0)
	l.wantTold("a=1")
	fence.wantTold("a=1")
	cancel()
	for end := time.Now().Add(patience); !errors.Is(l.sub.Add(e.ctx, e.k("b")), driver.ErrClosed); {
		if time.Now().After(end) {
			e.Fatal("a subscription goes on after its context has ended")
		}
		time.Sleep(time.Millisecond) // between two looks
	}
	e.setNotify("a", "2", 0)
	fence.wantTold("a=2")
	l.wantTold()
	l.sub.Stop()
}

func tellsOneAtATime(e *env) {
	var inside, overlaps atomic.Int64
	l := &listener{e: e, news: make(chan struct{}, 1)}
	l.subscribe([]string{"a", "b"}, func(m driver.Message) {
		if inside.Add(1) > 1 {
			overlaps.Add(1)
		}
		time.Sleep(time.Millisecond) // what it does takes time
		inside.Add(-1)
		l.tell(m)
	})
	e.atOnce(4, func(g int) {
		for range 10 {
			e.setNotify(string(rune('a'+g%2)), "1", 0)
		}
	})
	l.await(func(all []string) bool { return len(all) >= 40 })
	if n := overlaps.Load(); n > 0 {
		e.Errorf("%d calls of tell began while another was under way", n)
	}
}

// slowListener: a queue may be as long as it likes, but what falls out of it is said.
func slowListener(e *env) {
	const n = 5000
	l := &listener{e: e, news: make(chan struct{}, 1)}
	hold := make(chan struct{})
	l.subscribe([]string{"a"}, func(m driver.Message) {
		<-hold
		l.tell(m)
	})
	for i := range n {
		e.setNotify("a", fmt.Sprint(i), 0)
	}
	close(hold)
	// Sooner or later there is room again.
	ended := false
	for i := 0; i < 1000 && !ended; i++ {
		e.setNotify("a", fmt.Sprint("end", i), 0)
		want := fmt.Sprint("a=end", i)
		l.await(func(all []string) bool {
			ended = len(all) > 0 && all[len(all)-1] == want
			return ended || len(all) > 0 && all[len(all)-1] == "lost"
		})
	}
	if !ended {
		e.Fatalf("what comes after many messages is never told; %d calls of tell", len(l.told()))
	}
	wantNoSilentLoss(e, l.told(), n)
}

// wantNoSilentLoss reads what was told of the numbers up to n on the channel a.
func wantNoSilentLoss(e *env, told []string, n int) {
	next, missing := 0, false
	for _, text := range told {
		var i int
		if text == "lost" {
			missing, next = false, -1
			continue
		}
		if _, err := fmt.Sscanf(text, "a=%d", &i); err != nil {
			continue
		}
		if next >= 0 && i != next {
			missing = true
		}
		next = i + 1
	}
	if missing || next >= 0 && next != n {
		e.Errorf("messages are missing, and nothing says so: %d told of %d", len(told), n)
	}
}

// comeAndGo: subscriptions of the same key that come and go do not disturb each other.
func comeAndGo(e *env) {
	stays := e.subscribe("a")
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 5 {
				l := e.subscribe("a", fmt.Sprint("own", g))
				key := fmt.Sprint("own", g)
				e.setNotify(key, fmt.Sprint(i), 0)
				l.await(func(all []string) bool { return len(all) > 0 })
				if told := l.told(); len(told) != 1 || told[0] != fmt.Sprint(key, "=", i) {
					e.Errorf("a subscription is told %q; want %s=%d", told, key, i)
				}
				if err := l.sub.Add(e.ctx, e.k("more")); err != nil && !errors.Is(err, driver.ErrClosed) {
					e.Errorf("Add: %v", err)
				}
				l.sub.Stop()
			}
		})
	}
	wg.Wait()
	e.setNotify("a", "1", 0)
	stays.wantTold("a=1")
}
