package main

import (
	"errors"
	"io"
	"syscall"
)

// output is the standard output, whose errors are told from those of engines and files.
type output struct{ w io.Writer }

// Write is part of io.Writer.
func (o output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil {
		err = outputError{err}
	}
	return n, err
}

type outputError struct{ error }

func (e outputError) Unwrap() error { return e.error }

// isGone tells whether the reader of the standard output has had enough, as head does. That is no failure.
func isGone(err error) bool {
	var failed outputError
	return errors.As(err, &failed) && errors.Is(failed, syscall.EPIPE)
}
