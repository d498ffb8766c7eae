package serial

import (
	"fmt"

	"github.com/larder-go/larder/celery/py"
)

// Field is one item of an object, and Fields are all of them in order.
type (
	Field  = py.Field
	Fields = py.Fields
)

// Serializer is one of Celery's. It is safe for concurrent use.
type Serializer interface {
	// Name is Celery's: json, yaml, msgpack or pickle.
	Name() string
	// Encode writes a value as the Celery of c does. What the serializer cannot carry is an error
	// that wraps py.ErrUnencodable.
	Encode(v py.Value, c py.Compat) ([]byte, error)
	// Decode reads a value. Every error wraps py.ErrMalformed.
	Decode(data []byte) (py.Value, error)
	// Fields reads an object (the envelope of a result, say) as its items; of two with one name the
	// later wins, at the place of the first. Every error wraps py.ErrMalformed.
	Fields(data []byte) (Fields, error)
	// Read is Fields for who does not want to keep a list. Of two with one name both may come.
	Read(data []byte) py.FieldReader
	// ReadText is Read of bytes that nobody can modify: values may keep parts of them.
	ReadText(text string) py.FieldReader
	// Join is Encode of an object with these items.
	Join(fields Fields, c py.Compat) ([]byte, error)
}

// ByName is the serializer of that name or content type. It reads as Celery 5.6 does.
func ByName(name string) (Serializer, error) { return Reading(name, py.Celery56) }

// Reading is ByName for a serializer that reads as the Celery of c does: 5.2 takes kombu's typed
// objects in JSON for plain dicts.
func Reading(name string, c py.Compat) (Serializer, error) {
	switch name {
	case "json", "application/json":
		return jsonSerializer{c}, nil
	case "yaml", "application/x-yaml":
		return yamlSerializer{}, nil
	case "msgpack", "application/x-msgpack":
		return msgpackSerializer{}, nil
	case "pickle", "application/x-python-serialize":
		return pickleSerializer{}, nil
	}
	return nil, fmt.Errorf("unknown serializer %q: there are json, yaml, msgpack and pickle", name)
}

// split is the items of a decoded object.
func split(format string, v py.Value, err error) (Fields, error) {
	if err != nil {
		return nil, err
	}
	fields, err := v.Fields()
	if err != nil {
		return nil, malformed(format, 0, "%v", err)
	}
	return fields, nil
}
