// Package memory is the engine in the memory of this process: a bounded map with lifetimes, on
// github.com/maypok86/otter.
//
//	memory://                        a store of its own for each Open
//	memory://sessions                the same store for every Open of that name in this process
//	memory://?max_entries=5000       at most 5,000 entries (default 100,000)
//	memory://?max_bytes=64mb         at most 64 MiB of keys, values and overhead
//	memory://?isolate=true           keep encoded bytes only, as engines outside the process do
//
// Which entries make room is otter's choice (W-TinyLFU): roughly, those that were used least often
// and least recently. It makes room in the background: while entries are written without a pause the store may hold
// some hundred more than its bound (about 500 at most were seen, whatever the bound), and it comes down to
// it within moments. Lifetimes are exact, to
// the resolution of the monotonic clock: a step of the wall clock does not change them, and they stand
// still while the machine is suspended.
//
// The engine is linked into every program that imports larder.
package memory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/pubsub"
)

// DefaultMaxEntries is the bound of a store that was given none.
const DefaultMaxEntries = 100_000

// EntryOverhead is what one entry counts for max_bytes beside its key and value, in bytes: about what
// the map, the eviction policy and the timer wheel take for it.
const EntryOverhead = 200

// Options are the limits of a store.
type Options struct {
	// MaxEntries is the largest number of entries. 0 means DefaultMaxEntries, unless MaxBytes is set.
	MaxEntries int
	// MaxBytes is the largest sum of key, encoded value (live values: what their view's Weigh says, or
	// the size of the type and its strings) and EntryOverhead. It excludes MaxEntries.
	MaxBytes int64
	// Isolate keeps encoded bytes only, so that a test on memory:// behaves like production on another
	// engine: no Go value is shared between who sets and who gets it.
	Isolate bool
	// Untimed keeps entries until they are deleted or make room, whatever their lifetimes: for who looks at these himself, and
	// saves a look at the clock for each hit. Inspect then knows no lifetimes.
	Untimed bool
}

func init() {
	driver.Register(driver.Engine{
		Name:    "memory",
		Schemes: []string{"memory", "locmem"},
		Params:  []string{"max_entries", "max_bytes", "isolate"},
		Open:    open,
	})
}

// New makes a store of its own, with every optional interface of package driver that makes sense in a process (driver.Live
// unless it is isolated). The error tells which option is wrong.
func New(o Options) (driver.Store, error) {
	o, err := o.resolve()
	if err != nil {
		return nil, err
	}
	return newHandle(newSpace(o), o.Isolate), nil
}

func (o Options) resolve() (Options, error) {
	switch {
	case o.MaxEntries < 0:
		return o, fmt.Errorf("max_entries is %d, below zero", o.MaxEntries)
	case o.MaxBytes < 0:
		return o, fmt.Errorf("max_bytes is %d, below zero", o.MaxBytes)
	case o.MaxEntries > 0 && o.MaxBytes > 0:
		return o, errors.New("max_entries and max_bytes exclude each other: set one of them")
	case o.MaxEntries == 0 && o.MaxBytes == 0:
		o.MaxEntries = DefaultMaxEntries
	}
	return o, nil
}

func open(_ context.Context, c driver.Config) (driver.Store, error) {
	name, o, err := parse(c.URL)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return newHandle(newSpace(o), o.Isolate), nil
	}
	s, err := named.open(name, o)
	if err != nil {
		return nil, err
	}
	return newHandle(s, o.Isolate), nil
}

func parse(u *driver.URL) (name string, o Options, err error) {
	if len(u.Hosts) > 1 || u.User != "" || u.HasPassword || (u.Path != "" && u.Path != "/") {
		return "", o, errors.New("a memory URL is memory:// or memory://name, without user, second server or path")
	}
	if len(u.Hosts) == 1 {
		name = u.Hosts[0]
	}
	var errs [3]error
	o.MaxEntries, errs[0] = u.Int("max_entries", 0, 1)
	o.MaxBytes, errs[1] = u.Bytes("max_bytes", 0)
	o.Isolate, errs[2] = u.Bool("isolate", false)
	if err := errors.Join(errs[:]...); err != nil {
		return "", o, err
	}
	o, err = o.resolve()
	return name, o, err
}

// store is one opened handle.
type store struct {
	space  *space
	closed atomic.Bool
	once   sync.Once
	lines  pubsub.Group // of this handle's subscriptions
}

// live is a store that hands out Go values as they are.
type live struct{ *store }

func newHandle(s *space, isolate bool) driver.Store {
	h := &store{space: s}
	if isolate {
		return h
	}
	return live{h}
}

// Close drops the data, unless another handle of the same name is open.
func (s *store) Close() error {
	s.once.Do(func() {
		s.closed.Store(true)
		s.closeLines()
		named.close(s.space)
	})
	return nil
}

// Slot returns the slot of the data, for all handles that share it.
func (s *store) Slot() *driver.Slot { return &s.space.slot }

// EngineName returns "memory".
func (s *store) EngineName() string { return "memory" }

// check is the first thing in every call.
func (s *store) check(ctx context.Context) error {
	if s.closed.Load() {
		return driver.ErrClosed
	}
	return ctx.Err()
}
