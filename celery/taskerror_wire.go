package celery

import (
	"fmt"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
)

var errException = malformed("not an exception")

// The fields of an exception on the wire, in their order.
const (
	excType    = "exc_type"
	excMessage = "exc_message"
	excModule  = "exc_module"
)

// exceptionOf reads what is stored as the result of a task that has failed. It is nil where what is stored is
// false for Python, which stands for none.
func exceptionOf(v py.Value, traceback string) (*TaskError, error) {
	f, isDict := exceptionFieldsOf(v)
	switch {
	case !isDict:
		return unusualException(v, traceback)
	case f.count == 0:
		return nil, nil
	}
	return f.exception(traceback)
}

// checkException is exceptionOf for who only wants to know whether there is one that can be read, or none.
func checkException(v py.Value) error {
	f, isDict := exceptionFieldsOf(v)
	switch {
	case !isDict:
		_, err := unusualException(v, "")
		return err
	case f.count == 0:
		return nil
	}
	return f.check()
}

// unusualException reads what is no dict: nothing, an instance that was pickled, or a list of pairs, of which
// Python makes a dict.
func unusualException(v py.Value, traceback string) (*TaskError, error) {
	tree, err := v.Any()
	if err != nil || falsy(tree) {
		return nil, err
	}
	if in, ok := tree.(*py.Instance); ok {
		args, err := valuesOf(in.Args)
		return &TaskError{Type: in.Name, Module: in.Module, Args: args, Traceback: traceback}, err
	}
	fields, ok := pairs(v)
	if !ok {
		return nil, fmt.Errorf("%w: %s", errException, brief(tree))
	}
	var f exceptionFields
	for _, field := range fields {
		f.add(field.Name, field.Value)
	}
	return f.exception(traceback)
}

// exceptionFields are the fields of an exception.
type exceptionFields struct {
	class, message, module py.Value
	hasClass, hasMessage   bool
	count                  int
}

func exceptionFieldsOf(v py.Value) (f exceptionFields, isDict bool) {
	fields := v.ReadFields()
	for name, value, ok := fields.Next(); ok; name, value, ok = fields.Next() {
		f.add(name, value)
	}
	return f, fields.Err() == nil
}

// add notes a field. The later one of two counts.
func (f *exceptionFields) add(name string, v py.Value) {
	f.count++
	switch name {
	case excType:
		f.class, f.hasClass = v, true
	case excMessage:
		f.message, f.hasMessage = v, true
	case excModule:
		f.module = v
	}
}

// check wants a class, and a module that is a text if there is one.
func (f *exceptionFields) check() error {
	if !f.hasClass {
		return fmt.Errorf("%w: no %s", errException, excType)
	}
	if _, ok := asText(f.class); !ok {
		return fmt.Errorf("%w: %s is %s", errException, excType, brief(f.class))
	}
	if _, ok := asText(f.module); !ok && !f.module.IsNone() {
		return fmt.Errorf("%w: %s is %s", errException, excModule, brief(f.module))
	}
	return nil
}

func (f *exceptionFields) exception(traceback string) (*TaskError, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	e := &TaskError{Traceback: traceback, Args: f.args()}
	e.Type, _ = asText(f.class)
	e.Module, _ = asText(f.module)
	return e, nil
}

// args reads the arguments: a list, or anything else as the only one. Without the field it is an empty text.
func (f *exceptionFields) args() []py.Value {
	if !f.hasMessage {
		return []py.Value{valueOrText("")}
	}
	if args, err := f.message.Items(); err == nil {
		return args
	}
	return []py.Value{f.message}
}

// wire is the exception as every serializer stores it. An argument that s cannot write is stored as its repr.
func (e *TaskError) wire(s serial.Serializer, c py.Compat) (py.Value, error) {
	own := *e
	own.Args = make([]py.Value, len(e.Args))
	for i, a := range e.Args {
		own.Args[i] = a
		if _, err := s.Encode(a, c); err != nil {
			own.Args[i] = valueOrText(a.Repr())
		}
	}
	return py.Of(own.dict())
}

// dict is the exception as a dict.
func (e *TaskError) dict() *py.Dict {
	return py.NewDict(
		py.Item{Key: excType, Value: e.Type},
		py.Item{Key: excMessage, Value: listOf(e.Args)},
		py.Item{Key: excModule, Value: noneIfEmpty(e.Module)},
	)
}
