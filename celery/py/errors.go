package py

import (
	"errors"
	"fmt"
)

var (
	// ErrMalformed is in the chain of every error about bytes that could not be read: cut off, not
	// of the format, nested too deeply, or refused because reading them would run or name something.
	ErrMalformed = errors.New("malformed value")

	// ErrMismatch is in the chain of an error about a value that does not fit the Go type it was to
	// be decoded into.
	ErrMismatch = errors.New("value does not fit")

	// ErrUnencodable is in the chain of an error about a value that has no form in Python or in the
	// serializer it was meant for.
	ErrUnencodable = errors.New("value cannot be encoded")
)

// MalformedError says what is wrong with bytes and where. It wraps [ErrMalformed].
type MalformedError struct {
	Format string // json, yaml, msgpack or pickle
	Offset int    // of the byte where it went wrong, or of the value that is wrong
	What   string
}

// Error says what is wrong, and where.
func (e *MalformedError) Error() string {
	return fmt.Sprintf("malformed %s at byte %d: %s", e.Format, e.Offset, e.What)
}

// Unwrap is ErrMalformed.
func (e *MalformedError) Unwrap() error { return ErrMalformed }

// malformed is a MalformedError whose What is formatted.
func malformed(format string, offset int, what string, args ...any) error {
	return &MalformedError{Format: format, Offset: offset, What: fmt.Sprintf(what, args...)}
}

// unencodable is an error that wraps ErrUnencodable.
func unencodable(what string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnencodable, fmt.Sprintf(what, args...))
}
