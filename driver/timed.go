package driver

import (
	"context"
	"time"
)

// TimedResult is a Result together with the lifetime that the entry has left.
type TimedResult struct {
	Value []byte
	TTL   time.Duration // remaining lifetime; 0: no expiry
	Err   error         // ErrMiss for an absent key; any other error concerns this key alone
}

// Timed reads entries together with their remaining lifetimes, in one round trip where Batcher takes one. Near copies
// are filled by it: a copy must not outlive the entry, and a second round trip for the lifetime would cost what the copy
// is to save.
type Timed interface {
	// GetTimed returns one result for each key, in the order of keys. The lifetime is looked up after the value, so that
	// it is never one that a later value of the key has not got. An error means that nothing is known about any of
	// them.
	GetTimed(ctx context.Context, keys []string) ([]TimedResult, error)
}
