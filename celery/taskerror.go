package celery

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/larder-go/larder/celery/py"
)

// TaskError is the exception that a task has raised, as Python stored it or as Go stores it for Python. It is data: nothing is looked up,
// imported or constructed from it.
//
//	var te *celery.TaskError
//	if errors.As(err, &te) && te.Type == "ValueError" { … }
//	if errors.Is(err, celery.ErrTaskRevoked) { … }
type TaskError struct {
	// Type is the exception's class, with the classes it is inside of: "ValueError", "Outer.NestedError".
	Type string
	// Module is where Python finds the class: "builtins", "celery.exceptions", "shop.tasks". It is empty if none was stored.
	Module string
	// Args are what the exception was made with.
	Args []py.Value
	// Traceback is Python's text, or empty.
	Traceback string
}

const (
	builtins         = "builtins"
	celeryExceptions = "celery.exceptions"
	noModule         = "celery.backends.base" // where Celery makes the class of an exception without a module
)

// Exception is the TaskError that Python reads as module.class(*args); each of args becomes what [py.Of] makes of it.
// An argument that has no form in Python becomes its text.
func Exception(module, class string, args ...any) *TaskError {
	e := &TaskError{Type: class, Module: module, Args: make([]py.Value, len(args))}
	for i, arg := range args {
		e.Args[i] = valueOrText(arg)
	}
	return e
}

// Is tells whether target is a TaskError of the same class in the same module.
func (e *TaskError) Is(target error) bool {
	t, ok := target.(*TaskError)
	return ok && t.Type == e.Type && t.Module == e.Module
}

// Error is the last line of Python's traceback: "ValueError: boom", "shop.tasks.Outer.NestedError: n".
func (e *TaskError) Error() string {
	name, text := e.qualified(), e.text()
	if text == "" {
		return name
	}
	return name + ": " + text
}

func (e *TaskError) qualified() string {
	switch e.Module {
	case builtins, "__main__":
		return e.Type
	case "":
		return noModule + "." + e.Type
	}
	return e.Module + "." + e.Type
}

// Repr is Python's repr of the exception: "ValueError('boom')".
func (e *TaskError) Repr() string {
	return e.Type[strings.LastIndexByte(e.Type, '.')+1:] + "(" + e.reprs(", ") + ")"
}

func (e *TaskError) reprs(sep string) string {
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = a.Repr()
	}
	return strings.Join(args, sep)
}

// taskErrorOf is the exception that Python gets to see for a Go error, and the traceback that goes with it.
//
// A TaskError in err's chain is stored as it is. Anything else is a RuntimeError whose one argument is err's text, or a TimeoutError if
// it is a deadline that has passed.
func taskErrorOf(err error) *TaskError {
	var te *TaskError
	switch {
	case errors.As(err, &te):
		return te
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return Exception(builtins, "TimeoutError", err.Error())
	}
	return Exception(builtins, "RuntimeError", err.Error())
}
