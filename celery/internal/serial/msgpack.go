package serial

import (
	"math/big"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"github.com/larder-go/larder/celery/py"
)

// msgpackSerializer reads and writes as msgpack-python does with kombu's settings: str and bytes
// apart, no extension types.
type msgpackSerializer struct{}

func (msgpackSerializer) Name() string { return "msgpack" }

func (msgpackSerializer) Encode(v py.Value, _ py.Compat) ([]byte, error) {
	return appendMsgpack(nil, v, 0)
}

func (s msgpackSerializer) Fields(data []byte) (Fields, error) {
	v, err := s.Decode(data)
	return split("msgpack", v, err)
}

func (s msgpackSerializer) Read(data []byte) py.FieldReader { return py.ReadList(s.Fields(data)) }

func (s msgpackSerializer) ReadText(text string) py.FieldReader { return s.Read([]byte(text)) }

func (msgpackSerializer) Join(fields Fields, _ py.Compat) ([]byte, error) {
	b := msgp.AppendMapHeader(make([]byte, 0, 256), uint32(len(fields)))
	var err error
	for _, f := range fields {
		b = msgp.AppendString(b, f.Name)
		if b, err = appendMsgpack(b, f.Value, 1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendMsgpack(b []byte, node any, depth int) ([]byte, error) {
	switch n := node.(type) {
	case py.Value:
		tree, err := n.Tree()
		if err != nil {
			return nil, refuse("%v", err)
		}
		return appendMsgpack(b, tree, depth)
	case nil:
		return msgp.AppendNil(b), nil
	case bool:
		return msgp.AppendBool(b, n), nil
	case int64:
		if n >= 0 {
			return msgp.AppendUint64(b, uint64(n)), nil
		}
		return msgp.AppendInt64(b, n), nil
	case *big.Int:
		if !n.IsUint64() {
			return nil, refuse("msgpack has no int beyond 64 bits")
		}
		return msgp.AppendUint64(b, n.Uint64()), nil
	case float64:
		return msgp.AppendFloat64(b, pythonFloat(n)), nil
	case string:
		if !utf8.ValidString(n) {
			return nil, refuse("half of a surrogate pair in a str")
		}
		return msgp.AppendString(b, n), nil
	case []byte:
		return msgp.AppendBytes(b, n), nil
	}
	return appendMsgpackAll(b, node, depth)
}

// appendMsgpackAll appends what holds other values; a tuple is a list here.
func appendMsgpackAll(b []byte, node any, depth int) ([]byte, error) {
	if depth >= maxDepth {
		return nil, tooDeep()
	}
	var elems []any
	switch n := node.(type) {
	case py.List:
		elems = n
	case py.Tuple:
		elems = n
	case *py.Dict:
		return appendMsgpackDict(b, n, depth)
	default:
		return nil, unencodable("msgpack", node)
	}
	b = msgp.AppendArrayHeader(b, uint32(len(elems)))
	var err error
	for _, e := range elems {
		if b, err = appendMsgpack(b, e, depth+1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendMsgpackDict(b []byte, d *py.Dict, depth int) (_ []byte, err error) {
	b = msgp.AppendMapHeader(b, uint32(d.Len()))
	for key, value := range d.All() {
		if b, err = appendMsgpack(b, key, depth+1); err != nil {
			return nil, err
		}
		if b, err = appendMsgpack(b, value, depth+1); err != nil {
			return nil, err
		}
	}
	return b, nil
}
