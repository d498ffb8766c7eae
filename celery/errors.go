package celery

import (
	"errors"
	"fmt"

	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/driver"
)

// The errors, each defined by its cause. Test for them with errors.Is. A method of [Backend] or [Results]
// that fails returns an [*Error] with one of them, a context's error or the engine's own inside, except where
// something is wrong with what is stored and not with the call:
//
//   - ErrMiss is returned as it is, by Backend's methods and Results.Stored;
//   - [*ReadError], what is stored under an id cannot be read;
//   - [*TaskError], the task has failed, from Get, and inside of a [*JoinError] from Results.JoinGroup;
//   - [IDErrors], some ids of a batch: each with its *Error or *ReadError.
var (
	// ErrMiss: there is nothing under the key, or it has expired. It is never wrapped.
	ErrMiss = driver.ErrMiss
	// ErrBadID: an empty id of a task or group.
	ErrBadID = errors.New("bad id: it is empty")
	// ErrBadKey: a key that the engine cannot carry: longer than 65,535 bytes, or on memcached longer than
	// 250 bytes or with a space or control character in it. Of an id also one with a line end or NUL in it,
	// on every engine.
	ErrBadKey = driver.ErrBadKey
	// ErrBadTTL: a lifetime below zero, or above 100 years.
	ErrBadTTL = driver.ErrBadTTL
	// ErrNotNumber: Incr on a value that is no integer of 64 bits.
	ErrNotNumber = driver.ErrNotNumber
	// ErrOverflow: Incr beyond 64 bits. The old value stays.
	ErrOverflow = driver.ErrOverflow
	// ErrTooLarge: a value that is larger than the engine takes.
	ErrTooLarge = driver.ErrTooLarge
	// ErrForeign: what is stored under the key is no plain value: another type of Redis, or a pickle by the
	// flags of memcached.
	ErrForeign = driver.ErrCodec
	// ErrClosed: the backend has been closed.
	ErrClosed = driver.ErrClosed
	// ErrConfig: a setting or URL that is wrong. The text names it.
	ErrConfig = errors.New("configuration")
	// ErrChordLost: what counts the parts of a chord is not there, so that nobody will know of its last part:
	// evicted or expired, or [Results.StartChord] was never called. A part that is reported again, because its task was delivered
	// again, when the chord has ended, gets it too: see [Results.ChordProgress] before the body is marked as failed.
	ErrChordLost = errors.New("the count of the chord's parts is gone, because the chord has ended or was lost, or StartChord was never called")
	// ErrMaybeCounted: the answer to a count was lost, and the counter has changed since. See [Results.ChordPart].
	ErrMaybeCounted = errors.New("the part may have been counted, or not")
	// ErrNotReady: the task is not done, or nothing is known of it. It comes from [Meta.Decode].
	ErrNotReady = errors.New("not ready")
	// ErrMalformed: what is stored cannot be read. It comes inside a [*ReadError].
	ErrMalformed = py.ErrMalformed
	// ErrContentDisallowed: the serializer is not one of those that result_accept_content lists. It comes
	// inside a [*ReadError].
	ErrContentDisallowed = errors.New("content disallowed")
)

// Exceptions to compare with, by errors.Is. Only the class and its module count.
var (
	// ErrTaskRevoked: the task was revoked, has expired or was terminated.
	ErrTaskRevoked error = &TaskError{Type: "TaskRevokedError", Module: celeryExceptions}
	// ErrChord: a chord's body was not started, because a part of the header failed or because the chord
	// could not be joined.
	ErrChord error = &TaskError{Type: "ChordError", Module: celeryExceptions}
	// ErrMaxRetries: a task was retried as often as it may be.
	ErrMaxRetries error = &TaskError{Type: "MaxRetriesExceededError", Module: celeryExceptions}
)

// Error is a call that has failed. Unwrap gives the cause: one of the sentinels, a context's error, or
// the engine's own.
type Error struct {
	// Op is what was done: "open", "get", "mget"; "result", "store", "wait", "chord part". It is the method's
	// name, but for those that do what another one does: all that store a task's state are "store".
	Op     string
	Engine string // "redis", "memcached", …; empty if there is none yet
	ID     string // of the task or group; empty where no single one is concerned, and below Results
	Key    string // with its prefixes; empty where no single key is concerned
	Err    error
}

// maxShown is how much of an id or key an error prints.
const maxShown = 120

// Error reads: celery: redis: store "42": connection refused. Where there is no id, the key stands in its place.
func (e *Error) Error() string {
	text := "celery: "
	if e.Engine != "" {
		text += e.Engine + ": "
	}
	text += e.Op
	switch name := orDefault(e.ID, e.Key); {
	case len(name) > maxShown:
		text += fmt.Sprintf(" %q… (%d bytes)", name[:maxShown], len(name))
	case name != "":
		text += fmt.Sprintf(" %q", name)
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

// fail is the one place where an error gets the method of Results that was called, and the id. It takes the
// place of what Backend, or a method that this one has called, has said of it; but the id that was nearer to
// the fault stays.
func (r *Results) fail(op, id string, err error) error {
	switch e := err.(type) {
	case nil, *ReadError, *JoinError, *TaskError, IDErrors:
		return err
	case *Error:
		return &Error{Op: op, Engine: e.Engine, ID: orDefault(e.ID, id), Key: e.Key, Err: e.Err}
	}
	if errors.Is(err, ErrMiss) {
		return ErrMiss
	}
	return &Error{Op: op, Engine: r.b.engine.name, ID: id, Err: err}
}

// causeOf is what is left of an error that says of itself whose it is, for another one to say it.
func causeOf(err error) error {
	switch e := err.(type) {
	case *Error:
		return e.Err
	case *ReadError:
		return causeOf(e.Err)
	}
	return err
}

// badSetting is the error of a setting's value.
func badSetting(name string, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrConfig, name, fmt.Sprintf(format, args...))
}
