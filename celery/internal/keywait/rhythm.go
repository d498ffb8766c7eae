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

// rest returns in how long a topic that is heard is read again.
func (w *Waiter) rest() time.Duration {
	d := w.options.Reread
	return w.meet(d-d/4+rand.N(d/5*2+1), d/16)
}

// poll returns in how long a topic that is not heard is read again.
func (w *Waiter) poll(t *topic) time.Duration {
	longest := max(w.options.Poll, min(lastPoll, pollPerKey*time.Duration(len(w.topics))))
	t.interval = min(longest, max(firstPoll, t.interval+t.interval/2))
	return w.meet(t.interval, t.interval/4)
}

// meet returns d or up to slack more, so that topics are due at moments that many have in common, and one request does for them.
func (w *Waiter) meet(d, slack time.Duration) time.Duration {
	grid := firstPoll
	for grid*2 <= slack {
		grid *= 2
	}
	if grid > slack {
		return d
	}
	return d + (grid-(time.Since(w.began)+d)%grid)%grid
}
