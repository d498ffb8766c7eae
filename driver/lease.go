package driver

import (
	"context"
	"time"
)

// MaxLease is the longest time that a lease is asked for. It can be renewed.
const MaxLease = 10 * time.Second

// RenewLease is how long, at most, a lease is held without being renewed.
const RenewLease = time.Second

// Lease is the right to fill a missing key. It is opaque to the portable side; the empty one is none.
type Lease string

// Grant is what Leaser.Acquire answers for one key.
type Grant struct {
	// Value is the entry's value if Err is nil: there is nothing to fill.
	Value []byte
	// Err is ErrMiss for an absent key; any other error concerns this key alone.
	Err error
	// Lease is given with ErrMiss, to one caller at a time; with ErrMiss and no lease somebody else has it.
	Lease Lease
}

// Filling is one value to store under a lease.
type Filling struct {
	Key   string
	Lease Lease
	Value []byte
}

// Leaser lets one loader, of all processes that use the data, fill a missing key, and lets no loader undo a write that
// came after it began. A lease is never visible as an entry: not to other programs' reads of the key, not to Scan.
//
// The engine owes: from the moment that a lease is granted until it is used, given back or its time is over, nobody
// else gets one for that key; and every Set, Add, Swap, Incr, Delete or Clear that changes the key through this engine, in any
// process, voids it, whatever happens to the key afterwards. What other programs write voids it too as long as the
// key is there; a key that other programs delete while it is absent is a change that nobody can see. A write whose entry outlives
// every lease may leave it to that entry to void one which was granted in the last moment before, of which the engine has not
// heard yet: then only another program that deletes the entry at once lets the older load be stored.
//
// A call of Acquire that fails keeps no lease, but for what the engine cannot give back in time.
//
// The caller promises to give back what it does not use. Then, or at the latest when the lease's time is over,
// waiters go on.
type Leaser interface {
	// Acquire looks for the keys, and for those that are absent asks for the right to fill them for the time d: in one
	// step for each key. The grants are in the order of keys. d is at most MaxLease.
	Acquire(ctx context.Context, keys []string, d time.Duration) ([]Grant, error)
	// Renew gives the lease the time d from now on, and tells whether it was still valid.
	Renew(ctx context.Context, key string, l Lease, d time.Duration) (bool, error)
	// Fill stores the values with ttl, each only if its lease is still valid and its key absent, and uses the lease up. It
	// tells, in the order of fillings, which are stored. A value that is too large is ErrTooLarge, in a KeyErrors, and
	// uses the lease up too.
	Fill(ctx context.Context, fillings []Filling, ttl time.Duration) ([]bool, error)
	// Release gives a lease back without having filled the key, and tells whether it was still valid and the key absent.
	Release(ctx context.Context, key string, l Lease) (bool, error)
	// Await returns nil once key may be there or its lease is free, and then it is worth asking Acquire again; at
	// once, if that is so already. It does not poll where the engine is able to tell.
	Await(ctx context.Context, key string) error
}
