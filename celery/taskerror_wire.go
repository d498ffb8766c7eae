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

// exceptionOf reads what is stored as the result of a task that has failed. It is nil where what is stored is false for Python, which
// stands for none.
func exceptionOf(v py.Value, traceback string) (*TaskError, error) {
	fields, err := v.Fields()
	switch {
	case err != nil:
		return unusualException(v, traceback)
	case len(fields) == 0:
		return nil, nil
	}
	return exceptionFrom(fields, traceback)
}

// unusualException reads what is no dict: nothing, an instance that was pickled, or a list of pairs, of which Python makes a dict.
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
	return exceptionFrom(fields, traceback)
}

func exceptionFrom(fields py.Fields, traceback string) (*TaskError, error) {
	e := &TaskError{Traceback: traceback}
	class, found := fields.Get(excType)
	if !found {
		return nil, fmt.Errorf("%w: no %s", errException, excType)
	}
	if err := readName(class, excType, &e.Type); err != nil {
		return nil, err
	}
	if module, _ := fields.Get(excModule); !module.IsNone() {
		if err := readName(module, excModule, &e.Module); err != nil {
			return nil, err
		}
	}
	e.Args = argsOf(fields)
	return e, nil
}

func readName(v py.Value, field string, name *string) error {
	if v.Decode(name) != nil {
		return fmt.Errorf("%w: %s is %s", errException, field, brief(v))
	}
	return nil
}

// argsOf reads the arguments: a list, or anything else as the only one. Without the field it is an empty text.
func argsOf(fields py.Fields) []py.Value {
	message, found := fields.Get(excMessage)
	if !found {
		message = valueOrText("")
	}
	if args, err := message.Items(); err == nil {
		return args
	}
	return []py.Value{message}
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
