package keywait

import (
	"math/rand/v2"
	"time"
)

const (
	firstPause = 10 * time.Millisecond // after a failure; it doubles
	lastPause  = time.Second
)

// batchSize says how much is asked for in one request, by how the last ones went. After a failure it is half
// as much, so that one key that a store cannot bear is found out, and a store that has just come back is not
// flooded.
type batchSize struct {
	most     int // the largest size
	missing  int // from most
	failures int
}

func (s *batchSize) now() int { return s.most - s.missing }

func (s *batchSize) shrink() { s.missing = s.most - max(1, s.now()/2) }

func (s *batchSize) succeeded() {
	s.failures = 0
	s.missing = s.most - min(s.most, s.now()*2)
}

// failed returns how long to wait before the next request.
func (s *batchSize) failed() time.Duration {
	s.shrink()
	s.failures++
	return backoff(s.failures)
}

// backoff is the pause after a number of failures in a row: a random part of it, so that the many who have
// lost a store do not all come back at once.
func backoff(failures int) time.Duration {
	d := min(lastPause, firstPause<<min(failures-1, 10))
	return d/2 + rand.N(d/2)
}
