package driver

import (
	"context"
	"io"
	"iter"
	"time"
)

// MaxKeyLen is the length in bytes of the longest key, its prefixes included, on every engine.
const MaxKeyLen = 65535

// MaxTTL is the longest lifetime an engine is asked for.
const MaxTTL = 100 * 365 * 24 * time.Hour

// KeepTTL, as the ttl of [Swapper].Swap, keeps the lifetime that the entry has.
const KeepTTL time.Duration = -1

// Store is what every engine has.
type Store interface {
	// Get returns the value of key, or ErrMiss. The engine never reuses or changes the memory of
	// a value it has returned; the caller never writes to it. An empty value is not a miss.
	Get(ctx context.Context, key string) ([]byte, error)
	// Set stores value under key with the lifetime ttl (0: no expiry), replacing value and lifetime
	// of an entry that is there. The engine does not keep value's memory. A value that is larger than
	// the engine can hold deletes the key and gives ErrTooLarge: what is stored there has been
	// replaced at the origin.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Delete removes key and tells whether it was there.
	Delete(ctx context.Context, key string) (bool, error)
	// Close ends every goroutine and connection of the store. A second Close does nothing.
	io.Closer
}

// Result is what a Batcher found for one key. Err is ErrMiss for an absent key, and any other
// error concerns this key alone.
type Result struct {
	Value []byte
	Err   error
}

// Item is one key and value to store.
type Item struct {
	Key   string
	Value []byte
}

// Batcher does many keys in one round trip. Without it the portable side calls one by one.
type Batcher interface {
	// GetMany returns one Result for each key, in the order of keys. An error means that nothing is
	// known about any of them.
	GetMany(ctx context.Context, keys []string) ([]Result, error)
	// SetMany stores every item with the lifetime ttl. Of two items with one key the later one
	// counts. If some keys failed and the others are stored, the error is a KeyErrors (ErrTooLarge
	// also deletes, as in Set); any other error means that none is known to be stored.
	SetMany(ctx context.Context, items []Item, ttl time.Duration) error
	// DeleteMany removes the keys and returns how many were there; a key that is named twice
	// counts once. Errors are as in SetMany, and the number then counts the keys that were removed.
	DeleteMany(ctx context.Context, keys []string) (int, error)
}

// Adder stores only where nothing is.
type Adder interface {
	// Add stores value with ttl if key is absent, and tells whether it did. Of any number of
	// concurrent callers exactly one is told true. What is there keeps its value and lifetime.
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error)
}

// Toucher changes a lifetime without the value.
type Toucher interface {
	// Touch gives key the lifetime ttl (0: no expiry) from now on, and tells whether key is there.
	Touch(ctx context.Context, key string, ttl time.Duration) (bool, error)
}

// Counter does arithmetic on values that are numbers as text: package driver's AddInt and AddFloat
// define what counts as a number, how it is written, and the errors.
type Counter interface {
	// Incr adds delta to the integer at key, and returns the sum. An existing entry keeps its
	// lifetime; an absent one is created as delta with the lifetime ttl. ErrNotNumber and
	// ErrOverflow leave the entry as it is.
	Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error)
	// IncrFloat is Incr for any JSON number. delta is finite.
	IncrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (float64, error)
}

// Version stands for one state of one entry. It is opaque to the portable side, which hands it
// back to the store that it came from. States with different values have different versions. An
// engine that can tell more states apart does so: an entry that was written again with the same
// value, or deleted and made again (Redis, whose strings have no versions, cannot).
type Version any

// Swapper replaces an entry only if it is still the one that was read.
type Swapper interface {
	// GetVersion is Get that also returns the version of the entry. Beside ErrCodec it may return one, too: then what cannot be read
	// can be replaced by a Swap or SwapNotify.
	GetVersion(ctx context.Context, key string) ([]byte, Version, error)
	// Swap stores value with ttl (0: no expiry, KeepTTL: as it was) if key is there in version v, and
	// tells whether it did.
	Swap(ctx context.Context, key string, v Version, value []byte, ttl time.Duration) (bool, error)
}

// Scanner walks over the keys.
type Scanner interface {
	// Scan yields each key that begins with prefix, in any order, a bounded number of them in memory at
	// a time. Keys that are there from the beginning to the end of the walk are yielded; keys that come or go
	// meanwhile may be. No key is yielded twice, unless the engine cannot know with bounded memory
	// (Redis, while its table grows): its harness says so. An error is yielded once, with an empty key, and
	// ends the walk. Between two keys the caller may use the store, write too.
	Scan(ctx context.Context, prefix string) iter.Seq2[string, error]
}

// Clearer removes many entries.
type Clearer interface {
	// Clear removes every key that begins with prefix and returns how many, those that had expired not
	// counted, or -1 if unknown. A key that is written meanwhile may stay. prefix is literal text, and not empty.
	Clear(ctx context.Context, prefix string) (int, error)
	// ClearAll removes everything that the engine's database holds, other programs' keys too.
	ClearAll(ctx context.Context) (int, error)
}

// EntryInfo is what can be known of an entry without its value.
type EntryInfo struct {
	TTL  time.Duration // remaining lifetime; 0: no expiry
	Size int           // bytes of the value; -1: unknown
}

// Inspector looks at entries without reading their values.
type Inspector interface {
	// Inspect returns what is known of those of the keys that are there. It does not count as a use
	// for eviction.
	Inspect(ctx context.Context, keys []string) (map[string]EntryInfo, error)
}

// Server tells what a store talks to.
type Server struct {
	Version string // of the engine's library or server, as it names itself
	Notes   []Fact // what an operator wants to know of this connection, in the order to print
}

// Fact is one thing that an engine knows of itself. Value is a bool, an int64, a float64, a
// string or a time.Duration.
type Fact struct {
	Name  string
	Value any
}

// Pinger makes a round trip. Without it the portable side gets an absent key.
type Pinger interface {
	// Ping makes sure that the store can be used, and tells what it is.
	Ping(ctx context.Context) (Server, error)
}

// Reporter tells what the engine knows of itself: sizes, limits, evictions.
type Reporter interface {
	Report(ctx context.Context) ([]Fact, error)
}

// Named gives the engine's name for errors and logs ("memory", "redis"). Stores made by
// an [Engine] get its name without it.
type Named interface {
	EngineName() string
}

// Unwrapper hands out the engine's own client for what larder does not wrap.
type Unwrapper interface {
	// Unwrap sets target, a pointer to a variable of the client's type, and returns true; or returns
	// false if it has no client of that type.
	Unwrap(target any) bool
}
