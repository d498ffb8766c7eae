package driver

import (
	"context"
	"time"
)

// Collection names the keys of what a Collector collects: an ordered set of members, and two counters at its side, which are
// plain numbers as text.
type Collection struct {
	Members string
	Counts  [2]string
	// Appended: the members are a list in order of arrival, without positions.
	Appended bool
}

// Collected is the state of a collection after a member was added.
type Collected struct {
	// Members is how many there are.
	Members int
	// Counts are the values of the side counters; nil where there is none.
	Counts [2][]byte
}

// Collector lets many writers add to one collection, each of which learns in the same step how many there are.
type Collector interface {
	// Collect adds member at position (ignored when the collection is Appended; +Inf: at the end), reads the counters, and gives all three keys
	// the lifetime ttl (0: as they are), in one transaction. A member that is there already is moved.
	Collect(ctx context.Context, c Collection, position float64, member []byte, ttl time.Duration) (Collected, error)
	// Members returns all members in their order.
	Members(ctx context.Context, c Collection) ([][]byte, error)
	// Drop removes the collection and its counters.
	Drop(ctx context.Context, c Collection) error
}
