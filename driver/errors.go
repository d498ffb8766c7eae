package driver

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// The sentinels, each defined by its cause. Package larder hands them on under the same names.
var (
	// ErrMiss: there is no such entry, or it has expired.
	ErrMiss = errors.New("larder: no such entry")
	// ErrNotFound: a loader says that the origin has no such thing.
	ErrNotFound = errors.New("not found at the origin")
	// ErrNotNumber: arithmetic on a value, or with a delta, that is no number.
	ErrNotNumber = errors.New("not a number")
	// ErrOverflow: the result of arithmetic does not fit; the old value stays.
	ErrOverflow = errors.New("number out of range")
	// ErrBadKey: a key is longer than MaxKeyLen, or empty where it may not be.
	ErrBadKey = errors.New("bad key")
	// ErrBadTTL: a lifetime of zero, below zero, or longer than the engine can express.
	ErrBadTTL = errors.New("bad ttl")
	// ErrTooLarge: a value is larger than the engine can hold. Set and SetMany have then deleted the key,
	// because what is stored has been replaced at the origin; Add and Swap leave it as it is.
	ErrTooLarge = errors.New("value too large")
	// ErrCodec: a value does not encode, or what is stored does not decode.
	ErrCodec = errors.New("codec")
	// ErrClosed: the cache or store has been closed.
	ErrClosed = errors.New("closed")
)

// ErrNoPrefix: an engine cannot clear a prefix, and to delete what a walk finds would not do, because the walk need not find all. It
// is an errors.ErrUnsupported.
var ErrNoPrefix = fmt.Errorf("%w: the engine cannot clear a prefix", errors.ErrUnsupported)

// Nameless is how a walk over the keys ends that has yielded all it could: there are so many more, of whatever prefix, whose
// names the engine does not have.
type Nameless struct{ Count int }

// Error says how many there are.
func (e *Nameless) Error() string {
	return fmt.Sprintf("not all keys can be listed: %d are stored without their names", e.Count)
}

// KeyErrors are the failures of single keys in a batch whose other keys are done.
type KeyErrors map[string]error

// Error names the first failing key, in order of the keys, and how many there are.
func (e KeyErrors) Error() string {
	for _, k := range slices.Sorted(maps.Keys(e)) {
		return fmt.Sprintf("%d failed, first %q: %v", len(e), k, e[k])
	}
	return "no key failed"
}

// Unwrap makes errors.Is and errors.As look at the error of each key.
func (e KeyErrors) Unwrap() []error {
	return slices.Collect(maps.Values(e))
}

// OrNil returns e as an error, or nil if no key failed.
func (e KeyErrors) OrNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}
