package keywait

import (
	"math/rand/v2"
	"time"
)

const (
	firstPause = 10 * time.Millisecond // after a failure; it doubles
	lastPause  = time.Second
)

// pace says how much is asked for in one request, by how the last ones went. After a failure it is half as much, so that one
// key that a store cannot bear is found out, and a store that has just come back is not flooded.
type pace struct {
	most     int // the largest size
	missing  int // from most
	failures int
}

func (p *pace) size() int { return p.most - p.missing }

func (p *pace) shrink() { p.missing = p.most - max(1, p.size()/2) }

func (p *pace) worked() {
	p.failures = 0
	p.missing = p.most - min(p.most, p.size()*2)
}

// failed returns how long to wait before the next request.
func (p *pace) failed() time.Duration {
	p.shrink()
	p.failures++
	return backoff(p.failures)
}

// backoff is the pause after a number of failures in a row: a random part of it, so that the many who have lost a store do not all
// come back at once.
func backoff(failures int) time.Duration {
	d := min(lastPause, firstPause<<min(failures-1, 10))
	return d/2 + rand.N(d/2)
}
