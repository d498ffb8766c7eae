package testproc

import (
	"errors"
	"time"
)

const pollEvery = 5 * time.Millisecond

// ErrLate is the error of Await.
var ErrLate = errors.New("it did not happen in time")

// Await asks until the answer is yes: servers do not tell when they have come to a state.
func Await(limit time.Duration, done func() bool) error {
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			return ErrLate
		}
		time.Sleep(pollEvery)
	}
	return nil
}
