package keywait

import (
	"math/rand/v2"
	"time"
)

const (
	firstPoll  = time.Millisecond
	lastPoll   = 100 * time.Millisecond
	pollPerKey = 20 * time.Microsecond
)

// due returns when a topic is read again that was answered.
func (w *Waiter) due(t *topic, again bool, now time.Duration) time.Duration {
	switch {
	case again:
		return now
	case t.subscribed && !w.subscriber.silent:
		d := w.options.Reread
		return align(now+d-d/5+rand.N(d/5*2+1), d/10)
	}
	longest := max(w.options.Poll, min(lastPoll, pollPerKey*time.Duration(len(w.topics))))
	t.interval = min(longest, max(firstPoll, t.interval+t.interval/2))
	return align(now+t.interval, t.interval/2)
}

// align rounds a time to a grid that is no coarser than most, or to a tick. So topics are due at moments that many have
// in common, and one request does for them: it costs as much as some hundred keys of it.
func align(due, most time.Duration) time.Duration {
	grid := tick
	for grid*2 <= most {
		grid *= 2
	}
	return due.Round(grid)
}
