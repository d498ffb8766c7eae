package celery

import "fmt"

// ReadError says that what is stored under one id cannot be read, and what is wrong with it. It concerns this
// id alone.
type ReadError struct {
	ID  string // of the task or group
	Raw []byte // what is stored
	Err error
}

// Error reads: celery: result of "42": malformed json at byte 10: …
func (e *ReadError) Error() string { return fmt.Sprintf("celery: result of %.120q: %v", e.ID, e.Err) }

// Unwrap returns the cause: ErrMalformed, ErrContentDisallowed or ErrForeign.
func (e *ReadError) Unwrap() error { return e.Err }

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func notReady(m *Meta) error {
	return fmt.Errorf("celery: task %.120q: %w: it is %s", m.TaskID, ErrNotReady, m.Status)
}
