package driver

import (
	"context"
	"time"
)

// Event is what a Watcher tells.
type Event struct {
	// Kind tells which of the other fields is set.
	Kind EventKind
	// Key has been changed, deleted or has expired (Changed).
	Key string
	// Until: everything that was changed before this moment has been told (Alive).
	Until time.Time
}

// EventKind is one of Changed, Gap, Alive.
type EventKind int

// The kinds of events.
const (
	// Changed: the entry of one key is no longer what it was, or may not be.
	Changed EventKind = iota
	// Gap: changes may have been missed, or everything was changed at once. All that is known of any key is worth
	// nothing, and so is what is read from now on, until the next Alive.
	Gap
	// Alive: the watch works. It comes several times in AliveWithin.
	Alive
)

// AliveWithin is how far back, at most, the last Alive event of a watch that works looks. Who relies on a watch does
// not use what it knows when no Alive reaches into that time.
const AliveWithin = time.Second

// Watcher tells of changes, whoever makes them: other processes, other programs, this store itself, expiry and
// eviction. It may tell of a change late (see Until), more than once, and of one that has not taken place.
type Watcher interface {
	// Watch calls tell for every change of a key that begins with prefix from now on, until ctx ends or the store is
	// closed; tell is not called any more once stop has returned. A change that takes place after Watch has
	// returned is told, or a Gap is, and no Alive that comes before reaches beyond the change. The first event is
	// an Alive, before Watch returns.
	//
	// Calls of tell come one at a time, and hold up other events: they must be quick, and call neither stop nor the
	// store. Watch does not end when its connection is lost: a Gap is told, then it connects again, and goes on with an
	// Alive; between these two changes are not told.
	//
	// errors.ErrUnsupported: the server cannot tell. Any other error: there is no watch, but there may be one later.
	Watch(ctx context.Context, prefix string, tell func(Event)) (stop func(), err error)
}
