package larder

import (
	"context"
	"fmt"
	"time"
)

// limit bounds one call to the engine.
func (e *engine) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if e.timeout == 0 {
		return ctx, func() {}
	}
	inner, cancel := context.WithTimeout(ctx, e.timeout)
	return &limited{inner, ctx, e.timeout}, cancel
}

// limited tells the end of the time that the cache gives an engine from the end of the caller's own.
type limited struct {
	context.Context
	caller context.Context
	after  time.Duration
}

// Err is an error of its own if the caller's context has not ended.
func (l *limited) Err() error {
	err := l.Context.Err()
	if err == context.DeadlineExceeded && l.caller.Err() == nil { // package context returns it as it is
		return noAnswer{l.after}
	}
	return err
}

// noAnswer is a context.DeadlineExceeded that says whose deadline it was.
type noAnswer struct{ after time.Duration }

func (e noAnswer) Error() string { return fmt.Sprintf("no answer within %v", e.after) }

func (e noAnswer) Unwrap() error { return context.DeadlineExceeded }
