package larder

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/larder-go/larder/driver"
)

// The errors, each defined by its cause. Test for them with errors.Is: they come inside an [*Error] that names the
// operation and the key, or a [*BatchError]. ErrMiss and whatever a loader returns come as they are.
var (
	// ErrMiss is what Get gives for an entry that is not there, or has expired. It is never wrapped, so
	// err == ErrMiss is as good as errors.Is.
	ErrMiss = driver.ErrMiss
	// ErrNotFound is for loaders: the origin has no such thing. GetOrSet hands it to its caller as it is.
	ErrNotFound = driver.ErrNotFound
	// ErrNotNumber: Incr on a value that is no integer of 64 bits, IncrFloat on one that is no JSON
	// number, or a delta that is not finite.
	ErrNotNumber = driver.ErrNotNumber
	// ErrOverflow: the sum does not fit; the old value stays.
	ErrOverflow = driver.ErrOverflow
	// ErrBadKey: the key is longer than 65,535 bytes with its prefixes, or empty where nothing is put
	// before it.
	ErrBadKey = driver.ErrBadKey
	// ErrBadTTL: a lifetime of zero, below zero, above 100 years, or longer than the engine can express.
	ErrBadTTL = driver.ErrBadTTL
	// ErrTooLarge: the value is larger than the engine takes. Set and SetMany have then deleted the key.
	ErrTooLarge = driver.ErrTooLarge
	// ErrCodec: the value does not encode, or what is stored does not decode into the view's type.
	ErrCodec = driver.ErrCodec
	// ErrClosed: the cache has been closed.
	ErrClosed = driver.ErrClosed
)

// Error is every failure other than a miss. Unwrap gives the cause: one of the sentinels, a context's error, or
// the engine's own.
type Error struct {
	Op     string // the verb, in lower case with hyphens: "get", "get-or-set"
	Engine string // "memory", "sqlite", …
	Key    string // without key prefix and version; empty where no single key is concerned
	Err    error
}

// maxShownKey is how much of a key an error prints.
const maxShownKey = 120

// Error reads: larder: sqlite: get "user:42": database is locked.
func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("larder: %s: %s: %v", e.Engine, e.Op, e.Err)
	}
	return fmt.Sprintf("larder: %s: %s %s: %v", e.Engine, e.Op, showKey(e.Key), e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func showKey(key string) string {
	if len(key) <= maxShownKey {
		return fmt.Sprintf("%q", key)
	}
	return fmt.Sprintf("%q… (%d bytes)", key[:maxShownKey], len(key))
}

// BatchError tells which keys of a batch failed; the others are done. errors.Is and errors.As look at
// the error of each key.
type BatchError struct {
	Op     string
	Engine string
	Keys   map[string]error // by key, without key prefix, version and view prefix
	prefix string           // the view's, for the text
}

// Error names the first failing key, in order of the keys, and how many there are.
func (e *BatchError) Error() string {
	if len(e.Keys) == 0 {
		return fmt.Sprintf("larder: %s: %s: no key failed", e.Engine, e.Op)
	}
	key := slices.Min(slices.Collect(maps.Keys(e.Keys)))
	text := fmt.Sprintf("larder: %s: %s %s: %v", e.Engine, e.Op, showKey(e.prefix+key), e.Keys[key])
	if len(e.Keys) > 1 {
		text += fmt.Sprintf(" (and %d more)", len(e.Keys)-1)
	}
	return text
}

// Unwrap returns the error of each key.
func (e *BatchError) Unwrap() []error { return slices.Collect(maps.Values(e.Keys)) }

// fail is the one place where an error gets its operation, engine and key.
func (c *Cache) fail(op, key string, err error) error {
	if err == nil || err == ErrMiss { //nolint:errorlint // hot; a wrapped ErrMiss is dealt with below
		return err
	}
	if errors.Is(err, ErrMiss) {
		return ErrMiss
	}
	c.countError(err)
	return c.wrap(op, key, err)
}

// wrap is fail for an error that is counted elsewhere.
func (c *Cache) wrap(op, key string, err error) error {
	return &Error{Op: op, Engine: c.engine.name, Key: key, Err: err}
}

// codecError marks err as the codec's.
func codecError(err error) error {
	if err == nil || errors.Is(err, ErrCodec) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrCodec, err)
}
