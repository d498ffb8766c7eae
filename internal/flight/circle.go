package flight

import (
	"context"
	"sync"
)

// chain is the loads that a context was handed to, innermost first.
type chain struct {
	flights []*Flight
	outer   *chain
}

type chainKey struct{}

// Loading returns the context for the loader of flights: a call made under it that would wait for
// one of them, directly or over other loads, fails with ErrCircle instead of waiting for ever.
func Loading(ctx context.Context, flights ...*Flight) context.Context {
	outer, _ := ctx.Value(chainKey{}).(*chain)
	return context.WithValue(ctx, chainKey{}, &chain{flights, outer})
}

// Nested tells whether ctx was handed to a loader.
func Nested(ctx context.Context) bool { return ctx.Value(chainKey{}) != nil }

// circles is the graph of which load waits for which. It is one for the process, as a circle may
// run over several caches; only waits from inside a loader enter it.
var circles = struct {
	sync.Mutex
	waits map[*Flight]map[*Flight]int
}{waits: map[*Flight]map[*Flight]int{}}

// enterCircle notes that the loads of ctx wait for f, or finds that f waits for one of them. Looking
// and noting is one step, so that of two waits that close a circle the second one sees the first.
func enterCircle(ctx context.Context, f *Flight) (leave func(), err error) {
	c, _ := ctx.Value(chainKey{}).(*chain)
	if c == nil {
		return func() {}, nil
	}
	held := map[*Flight]bool{}
	for ; c != nil; c = c.outer {
		for _, h := range c.flights {
			held[h] = true
		}
	}
	circles.Lock()
	defer circles.Unlock()
	if reaches(f, held, map[*Flight]bool{}) {
		return nil, ErrCircle
	}
	for h := range held {
		if circles.waits[h] == nil {
			circles.waits[h] = map[*Flight]int{}
		}
		circles.waits[h][f]++
	}
	return func() { leaveCircle(held, f) }, nil
}

func leaveCircle(held map[*Flight]bool, f *Flight) {
	circles.Lock()
	defer circles.Unlock()
	for h := range held {
		circles.waits[h][f]--
		if circles.waits[h][f] == 0 {
			delete(circles.waits[h], f)
		}
		if len(circles.waits[h]) == 0 {
			delete(circles.waits, h)
		}
	}
}

func reaches(f *Flight, held, seen map[*Flight]bool) bool {
	if held[f] {
		return true
	}
	if seen[f] {
		return false
	}
	seen[f] = true
	for next := range circles.waits[f] {
		if reaches(next, held, seen) {
			return true
		}
	}
	return false
}
