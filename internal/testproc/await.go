package testproc

import (
	"errors"
	"testing"
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

// eventualLimit is how long Eventually asks.
const eventualLimit = 30 * time.Second

// Eventually looks until there is no error, and ends the test with the last one if that takes too long.
func Eventually(tb testing.TB, look func() error) {
	tb.Helper()
	var err error
	if Await(eventualLimit, func() bool { err = look(); return err == nil }) != nil {
		tb.Fatalf("it does not happen: %v", err)
	}
}
