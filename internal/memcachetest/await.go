package memcachetest

import (
	"errors"
	"time"
)

const pollEvery = 5 * time.Millisecond

var errLate = errors.New("it did not happen in time")

// await asks until the answer is yes: servers do not tell when they have come to a state.
func await(limit time.Duration, done func() bool) error {
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			return errLate
		}
		time.Sleep(pollEvery)
	}
	return nil
}
