package keywait

import (
	"math/rand/v2"
	"time"
)

const (
	firstPoll  = time.Millisecond
	lastPoll   = 100 * time.Millisecond
	pollPerKey = 30 * time.Microsecond
)

// interval returns in how long a topic that was answered is read again.
func (w *Waiter) interval(t *topic, again bool) time.Duration {
	switch {
	case again:
		return 0
	case t.subscribed:
		return w.rereadInterval()
	}
	return w.pollInterval(t)
}

// rereadInterval is for a topic that is subscribed to.
func (w *Waiter) rereadInterval() time.Duration {
	d := w.options.Reread
	return w.align(d-d/4+rand.N(d/5*2+1), d/16)
}

// pollInterval is for a topic that is not.
func (w *Waiter) pollInterval(t *topic) time.Duration {
	longest := max(w.options.Poll, min(lastPoll, pollPerKey*time.Duration(len(w.topics))))
	t.interval = min(longest, max(firstPoll, t.interval+t.interval/2))
	return w.align(t.interval, t.interval/4)
}

// align returns d or up to slack more, so that topics are due at moments that many have in common, and one
// request does for them.
func (w *Waiter) align(d, slack time.Duration) time.Duration {
	grid := firstPoll
	for grid*2 <= slack {
		grid *= 2
	}
	if grid > slack {
		return d
	}
	return d + (grid-(time.Since(w.began)+d)%grid)%grid
}
