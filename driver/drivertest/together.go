package drivertest

import (
	"sync"
	"sync/atomic"
)

// atOnce runs f n times, each in a goroutine of its own, started by one shot, and waits for all.
func (e *env) atOnce(n int, f func(i int)) {
	var wg sync.WaitGroup
	shot := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-shot
			f(i)
		})
	}
	close(shot)
	wg.Wait()
}

// oneWinner runs a race of n, several times, and fails unless exactly one wins each. start makes the thing
// that they race for.
func (e *env) oneWinner(what string, n int, start func(round int), try func(round, i int) (bool, error)) {
	e.Helper()
	for round := range 10 {
		start(round)
		var winners atomic.Int64
		e.atOnce(n, func(i int) {
			ok, err := try(round, i)
			if err != nil {
				e.Errorf("%s: %v", what, err)
			}
			if ok {
				winners.Add(1)
			}
		})
		if w := winners.Load(); w != 1 {
			e.Fatalf("%s: %d of %d are told that they won", what, w, n)
		}
	}
}
