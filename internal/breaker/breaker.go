package breaker

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// The lengths of a Breaker that says nothing else.
const (
	// Threshold is how many calls in a row go without an answer until it opens.
	Threshold = 5
	// FirstPause is the middle of the first pause. Each next one is twice as long, up to LastPause.
	FirstPause = 500 * time.Millisecond
	// LastPause is the longest.
	LastPause = 5 * time.Second
)

// Breaker is ready for use as its zero value. It is safe for concurrent use.
type Breaker struct {
	// Now is for tests. nil: time.Now.
	Now func() time.Time
	// Jitter, for tests, returns a factor for each pause. nil: between 0.75 and 1.25, so that clients of one server do not
	// all come back at once.
	Jitter func() float64

	trouble atomic.Bool // the last call was not answered: the rest is worth looking at

	mu       sync.Mutex
	failures int // in a row
	last     error
	pause    time.Duration // 0: closed
	until    time.Time
	probing  bool
}

// Ticket is one call that was let through.
type Ticket struct{ probe bool }

// OpenError is what a call gets that is not let through.
type OpenError struct {
	Failures int           // calls without an answer, in a row
	Last     error         // why the last of them had none
	Wait     time.Duration // until the next may try; 0: another one is just trying
}

// Error says what the last fault was, and when there is another try.
func (e *OpenError) Error() string {
	when := "another call is trying"
	if e.Wait > 0 {
		when = fmt.Sprintf("next try in %v", e.Wait.Round(10*time.Millisecond))
	}
	return fmt.Sprintf("not tried, because %d calls in a row had no answer (%s); the last: %v", e.Failures, when, e.Last)
}

// Unwrap returns the last fault.
func (e *OpenError) Unwrap() error { return e.Last }

// Begin lets a call through, which then says how it ended; or returns an *OpenError.
func (b *Breaker) Begin() (Ticket, error) {
	if !b.trouble.Load() {
		return Ticket{}, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pause == 0 {
		return Ticket{}, nil
	}
	wait := max(b.until.Sub(b.now()), 0)
	if wait > 0 || b.probing {
		return Ticket{}, &OpenError{Failures: b.failures, Last: b.last, Wait: wait}
	}
	b.probing = true
	return Ticket{probe: true}, nil
}

// Answered says that the server did, if only with an error.
func (b *Breaker) Answered(Ticket) {
	if !b.trouble.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.last, b.pause, b.probing = 0, nil, 0, false
	b.trouble.Store(false)
}

// Failed says that there was no answer, and why.
func (b *Breaker) Failed(t Ticket, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trouble.Store(true)
	b.failures++
	b.last = err
	switch {
	case t.probe:
		b.probing = false
		b.open(min(2*b.pause, LastPause))
	case b.pause == 0 && b.failures >= Threshold:
		b.open(FirstPause)
	}
}

// GaveUp says that nothing is known: the caller left before an answer was due.
func (b *Breaker) GaveUp(t Ticket) {
	if !t.probe {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

func (b *Breaker) open(pause time.Duration) {
	b.pause = pause
	b.until = b.now().Add(time.Duration(float64(pause) * b.jitter()))
}

func (b *Breaker) now() time.Time {
	if b.Now != nil {
		return b.Now()
	}
	return time.Now()
}

func (b *Breaker) jitter() float64 {
	if b.Jitter != nil {
		return b.Jitter()
	}
	return 0.75 + rand.Float64()/2
}
