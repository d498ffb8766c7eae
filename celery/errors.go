package celery

import (
	"errors"
	"fmt"

	"github.com/larder-go/larder/driver"
)

// The errors, each defined by its cause. Test for them with errors.Is: all but ErrMiss come inside an [*Error].
var (
	// ErrMiss: there is nothing under the key, or it has expired. It is never wrapped.
	ErrMiss = driver.ErrMiss
	// ErrBadID: an empty id of a task or group.
	ErrBadID = errors.New("bad id: it is empty")
	// ErrBadKey: a key that the engine cannot carry: longer than 65,535 bytes, or on memcached longer than 250 bytes or with a
	// space or control character in it.
	ErrBadKey = driver.ErrBadKey
	// ErrBadTTL: a lifetime below zero, or above 100 years.
	ErrBadTTL = driver.ErrBadTTL
	// ErrNotNumber: Incr on a value that is no integer of 64 bits.
	ErrNotNumber = driver.ErrNotNumber
	// ErrOverflow: Incr beyond 64 bits. The old value stays.
	ErrOverflow = driver.ErrOverflow
	// ErrTooLarge: a value that is larger than the engine takes.
	ErrTooLarge = driver.ErrTooLarge
	// ErrForeign: what is stored under the key is no plain value: another type of Redis, or a pickle by the flags of memcached.
	ErrForeign = driver.ErrCodec
	// ErrClosed: the backend has been closed.
	ErrClosed = driver.ErrClosed
	// ErrConfig: a setting or URL that is wrong. The text names it.
	ErrConfig = errors.New("configuration")
)

// Error is every failure other than ErrMiss. Unwrap gives the cause: one of the sentinels, a context's error, or the engine's own.
type Error struct {
	Op     string // the method, in lower case: "get", "mget", "open"
	Engine string // "redis", "memcached", …; empty if there is none yet
	Key    string // with its prefixes; empty where no single key is concerned
	Err    error
}

// maxShownKey is how much of a key an error prints.
const maxShownKey = 120

// Error reads: celery: redis: get "celery-task-meta-42": connection refused.
func (e *Error) Error() string {
	text := "celery: "
	if e.Engine != "" {
		text += e.Engine + ": "
	}
	text += e.Op
	switch {
	case len(e.Key) > maxShownKey:
		text += fmt.Sprintf(" %q… (%d bytes)", e.Key[:maxShownKey], len(e.Key))
	case e.Key != "":
		text += fmt.Sprintf(" %q", e.Key)
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// fail is the one place where an error gets its method, engine and key.
func (b *Backend) fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrMiss) {
		return ErrMiss
	}
	if named := new(Error); errors.As(err, &named) {
		return err
	}
	return &Error{Op: op, Engine: b.engine.name, Key: key, Err: err}
}

// badSetting is the error of a setting's value.
func badSetting(name string, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrConfig, name, fmt.Sprintf(format, args...))
}
