package drivertest

import (
	"context"
	"slices"
	"sync"
)

// Gate stops calls until it is opened, so that a test decides what happens first, without any sleeping:
//
//	gate := faulty.Block(drivertest.OpGet)
//	go cache.Get(ctx, "a")
//	gate.Wait(ctx)          // the Get stands at the gate
//	cache.Set(ctx, "a", 1)
//	gate.Release()          // it goes on, and so does every later one
type Gate struct {
	mu      sync.Mutex
	arrived []Call        // not yet told to Wait
	news    chan struct{} // closed and replaced when a call arrives
	steps   int           // calls that Step lets through
	wake    chan struct{} // closed and replaced when steps grows
	open    bool
}

// Block stops every call of op before it reaches the store, until the gate is released. A call also ends when its
// context does, with the context's error; the calls of [driver.Live] have none.
func (f *Faulty) Block(op Op) *Gate { return f.block(op, func(Call) bool { return true }) }

// BlockKey is Block for the calls that are about key, alone or among others.
func (f *Faulty) BlockKey(op Op, key string) *Gate {
	return f.block(op, func(c Call) bool { return slices.Contains(c.Keys, key) })
}

func (f *Faulty) block(op Op, concerns func(Call) bool) *Gate {
	g := &Gate{news: make(chan struct{}), wake: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gates[op] = append(f.gates[op], g)
	f.before[op] = append(f.before[op], func(ctx context.Context, c Call) error {
		if !concerns(c) {
			return nil
		}
		return g.pass(ctx, c)
	})
	return g
}

// Wait returns the next call that has arrived at the gate, each once, in the order of their arrival; or the error of ctx
// if none comes before ctx ends.
func (g *Gate) Wait(ctx context.Context) (Call, error) {
	for {
		g.mu.Lock()
		if len(g.arrived) > 0 {
			c := g.arrived[0]
			g.arrived = g.arrived[1:]
			g.mu.Unlock()
			return c, nil
		}
		news := g.news
		g.mu.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
			return Call{}, ctx.Err()
		}
	}
}

// Step lets one call through: one that stands at the gate, or the next to come.
func (g *Gate) Step() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.steps++
	g.shout()
}

// Release opens the gate for all calls, now and later. A second Release does nothing.
func (g *Gate) Release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = true
	g.shout()
}

// shout wakes the calls at the gate. g.mu is held.
func (g *Gate) shout() {
	close(g.wake)
	g.wake = make(chan struct{})
}

// pass stands at the gate with a call.
func (g *Gate) pass(ctx context.Context, c Call) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open {
		return nil
	}
	g.arrived = append(g.arrived, c)
	close(g.news)
	g.news = make(chan struct{})
	for !g.open && g.steps == 0 {
		wake := g.wake
		g.mu.Unlock()
		err := wait(ctx, wake)
		g.mu.Lock()
		if err != nil {
			return err
		}
	}
	if !g.open {
		g.steps--
	}
	return nil
}

func wait(ctx context.Context, wake <-chan struct{}) error {
	select {
	case <-wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
