package driver

import (
	"context"
	"time"
)

// Collection names the keys of what a Collector collects: a set of members, and two counters at its side. The counters are
// entries like any other: the caller makes them with Set, SetNotify or Incr.
type Collection struct {
	// Members is the key of the members. What is there is no value: for Get, Swap or Incr it is ErrCodec, and
	// Set replaces it. Delete, Touch, Scan and Inspect treat it like an entry.
	Members string
	// Counts are the keys of the counters.
	Counts [2]string
	// Appended: the members are a list in order of arrival, without positions.
	Appended bool
}

// Collected is the state of a collection after a member was added.
type Collected struct {
	// Members is how many there are.
	Members int
	// Counts are the values of the counters; nil where there is none.
	Counts [2][]byte
}

// Collector lets many writers add to one collection, each of which learns in the same step how many there are: of any number
// of concurrent writers exactly one is the last.
//
// errors.ErrUnsupported: the store cannot do it in one step with these keys (a cluster has to have all three in one slot).
// ErrCodec: what is at Members is no collection of this kind, and stays.
type Collector interface {
	// Collect adds member, reads the counters, and gives all three keys the lifetime ttl (0: as they are), in one
	// transaction.
	//
	// Members are ordered by position, those of one position by their bytes. A position is any number but NaN; +Inf is the
	// end. A member that is there already is moved, and counts once. In an Appended collection position is ignored, and a
	// member that is there already is there twice.
	//
	// An error because of a counter (it is no string, on Redis) comes after the member was added.
	Collect(ctx context.Context, c Collection, position float64, member []byte, ttl time.Duration) (Collected, error)
	// Members returns all members in their order; none, without an error, if there is no collection.
	Members(ctx context.Context, c Collection) ([][]byte, error)
	// Drop removes the collection and its counters, in one step.
	Drop(ctx context.Context, c Collection) error
}
