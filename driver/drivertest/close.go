package drivertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
)

// closeCases: Close ends everything, once.
func closeCases() []testCase {
	return []testCase{
		{name: "LeavesNoGoroutine", realTime: true, opens: true, run: leavesNoGoroutine},
		{name: "Twice", empties: true, run: func(e *env) {
			e.set("a", "1", 0)
			for range 3 {
				e.ok("Close", e.store.Close())
			}
		}},
		{name: "FromManyAtOnce", empties: true, run: func(e *env) {
			e.set("a", "1", 0)
			e.atOnce(8, func(int) {
				if err := e.store.Close(); err != nil {
					e.Errorf("Close: %v", err)
				}
			})
		}},
		{name: "ThenErrClosed", empties: true, run: func(e *env) {
			e.set("a", "1", longTTL)
			e.ok("Close", e.store.Close())
			for _, c := range calls() {
				if c.needs != "" && !e.able(c.needs) {
					continue
				}
				if err := c.call(e.ctx, e, e.k("a")); !errors.Is(err, driver.ErrClosed) {
					e.Errorf("%s after Close: %v; want ErrClosed", c.name, err)
				}
			}
			if e.able(Named) && e.named.EngineName() == "" {
				e.Error("after Close the engine has no name")
			}
		}},
		{name: "InTheMiddleOfAWalk", needs: []Capability{Scanner}, empties: true, run: closeDuringWalk},
		{name: "UnderLoad", empties: true, realTime: true, run: closeUnderLoad},
	}
}

// closeDuringWalk: a walk over a closed store ends; what it had in hand it may still yield.
func closeDuringWalk(e *env) {
	e.fillMany(5000)
	n := 0
	for _, err := range e.walk("many:") {
		if n++; n == 1 {
			e.ok("Close", e.store.Close())
		}
		if err != nil {
			e.wantErr("Scan", err, driver.ErrClosed)
			return
		}
	}
	if n < 5000 {
		e.Errorf("a walk over a store that was closed ends after %d of 5,000 keys without an error", n)
	}
}

// closeUnderLoad: each call that is under way ends, with its result or ErrClosed. It runs in real time: virtual time stands
// still while anybody is busy, so it would never find out that something hangs.
func closeUnderLoad(e *env) {
	const workers = 16
	e.set("n", "0", 0)
	var wg sync.WaitGroup
	busy, stop := make(chan struct{}, workers), make(chan struct{})
	defer close(stop)
	for g := range workers {
		wg.Go(func() { e.workUntilClosed(g, busy, stop) })
	}
	for range workers {
		<-busy
	}
	closed := make(chan error, 1)
	go func() { closed <- e.store.Close() }()
	ended := make(chan struct{})
	go func() { wg.Wait(); close(ended) }()
	hung := time.NewTimer(patience)
	defer hung.Stop()
	for closed != nil || ended != nil {
		select {
		case err := <-closed:
			if err != nil {
				e.Errorf("Close under load: %v", err)
			}
			closed = nil
		case <-ended:
			ended = nil
		case <-hung.C:
			e.Fatalf("%v after Close under load: Close has ended: %v, the calls have ended: %v", patience, closed == nil, ended == nil)
		}
	}
}

// workUntilClosed calls methods in turn until one says ErrClosed; no other error will do.
func (e *env) workUntilClosed(g int, busy chan<- struct{}, stop <-chan struct{}) {
	methods := calls()
	for i := 0; !isClosed(stop); i++ {
		if i == 20 {
			busy <- struct{}{}
		}
		c := methods[(i+g)%len(methods)]
		if c.name == "ClearAll" || (c.needs != "" && !e.able(c.needs)) {
			continue
		}
		err := c.call(e.ctx, e, e.k(fmt.Sprint("load", i%5)))
		switch {
		case errors.Is(err, driver.ErrClosed):
			if i < 20 {
				busy <- struct{}{}
				e.Errorf("%s: ErrClosed before Close", c.name)
			}
			return
		case err == nil, errors.Is(err, driver.ErrMiss), errors.Is(err, driver.ErrNotNumber):
		default:
			e.Errorf("%s while the store is closed: %v", c.name, err)
			if i < 20 {
				busy <- struct{}{}
			}
			return
		}
	}
}

// leavesNoGoroutine looks for goroutines that a store or a call has started and Close has not ended. They inherit
// a label from who started them, so that goroutines of others do not disturb. The first store is only there
// for goroutines that a library starts once and for all.
func leavesNoGoroutine(e *env) {
	e.liveAndDie()
	label := fmt.Sprintf("store of %s at %d", e.Name(), time.Now().UnixNano())
	pprof.Do(e.ctx, pprof.Labels("drivertest", label), func(context.Context) { e.liveAndDie() })
	deadline := time.Now().Add(patience / 3)
	for labelled(label) > 0 {
		if time.Now().After(deadline) {
			var stacks bytes.Buffer
			_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
			e.Fatalf("%d goroutines are left after Close; look for the label %q in\n%s", labelled(label), label, stacks.String())
		}
		time.Sleep(time.Millisecond) // between two looks
	}
}

// liveAndDie opens a store, uses all of it and closes it.
func (e *env) liveAndDie() {
	e.Helper()
	s := e.h.Open(e.T)
	life := e.on(s)
	for i := range 3 {
		for _, c := range calls() {
			if c.needs == "" || life.able(c.needs) {
				_ = c.call(e.ctx, life, e.k(fmt.Sprint("k", i)))
			}
		}
		life.set("mortal", "1", time.Minute)
	}
	if life.able(Scanner) {
		life.fillMany(300)
		for range life.scanner.Scan(e.ctx, "") {
			break
		}
	}
	e.ok("Close", s.Close())
}

// labelled counts the running goroutines that have the label.
func labelled(label string) int {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1)
	n := 0
	for block := range bytes.SplitSeq(profile.Bytes(), []byte("\n\n")) {
		if bytes.Contains(block, []byte(label)) && !bytes.Contains(block, []byte("drivertest.labelled")) {
			n++
		}
	}
	return n
}
