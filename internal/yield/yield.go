// Package yield lets goroutines that are about to say something go before a write, so that one write takes what all of them say.
package yield

import (
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// long is a turn that cost more than a write does by far: somebody computes, and is let go before for as long as the scheduler
	// lets him, 10 ms at a time.
	long = 500 * time.Microsecond
	// rest is how many times as long as such a turn took there is no other: it costs a twentieth of the time at most.
	rest = 20
)

// Turn is what the writers of a connection take before they write. The zero value is ready; it is safe for concurrent use.
type Turn struct {
	notBefore atomic.Int64 // since origin; while others compute
}

var origin = time.Now()

// Take lets others run that can, unless that has lately taken too long.
func (t *Turn) Take() {
	began := time.Since(origin)
	if int64(began) < t.notBefore.Load() {
		return
	}
	runtime.Gosched()
	t.took(began, time.Since(origin))
}

func (t *Turn) took(began, ended time.Duration) {
	if d := ended - began; d > long {
		t.notBefore.Store(int64(ended + rest*d))
	}
}
