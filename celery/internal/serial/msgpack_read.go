package serial

import (
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"github.com/larder-go/larder/celery/py"
)

// Decode walks over the whole value first: from then on every length in it is known to be true,
// and no list or map can ask for more room than its elements take in the input.
func (msgpackSerializer) Decode(data []byte) (py.Value, error) {
	rest, err := msgp.Skip(data)
	r := msgpackReader{all: len(data), rest: rest}
	if err != nil {
		return py.Value{}, r.fail("%s", because(err))
	}
	if len(rest) > 0 {
		return py.Value{}, r.fail("more after the value")
	}
	r.rest = data
	node, err := r.value(0)
	if err != nil {
		return py.Value{}, err
	}
	return py.FromTree(node), nil
}

// msgpackReader builds the tree of a value that has been walked over.
type msgpackReader struct {
	all  int
	rest []byte
}

func (r *msgpackReader) fail(what string, args ...any) error {
	return malformed("msgpack", r.all-len(r.rest), what, args...)
}

// because is the library's reason without its name.
func because(err error) string { return strings.TrimPrefix(err.Error(), "msgp: ") }

func (r *msgpackReader) value(depth int) (node any, err error) {
	if depth >= maxDepth {
		return nil, r.fail("nested more than %d deep", maxDepth)
	}
	at := *r
	switch msgp.NextType(r.rest) {
	case msgp.MapType:
		return r.dict(depth)
	case msgp.ArrayType:
		return r.list(depth)
	case msgp.StrType:
		return r.str()
	case msgp.BinType:
		node, r.rest, err = msgp.ReadBytesBytes(r.rest, []byte{})
	case msgp.NilType:
		r.rest, err = msgp.ReadNilBytes(r.rest)
	case msgp.BoolType:
		node, r.rest, err = msgp.ReadBoolBytes(r.rest)
	case msgp.IntType:
		node, r.rest, err = msgp.ReadInt64Bytes(r.rest)
	case msgp.UintType:
		return r.uint()
	case msgp.Float64Type:
		node, r.rest, err = msgp.ReadFloat64Bytes(r.rest)
	case msgp.Float32Type:
		var f float32
		f, r.rest, err = msgp.ReadFloat32Bytes(r.rest)
		node = float64(f)
	default:
		return nil, r.fail("an extension type, which is no plain value")
	}
	if err != nil {
		return nil, at.fail("%s", because(err))
	}
	return node, nil
}

func (r *msgpackReader) uint() (any, error) {
	at := *r
	u, rest, err := msgp.ReadUint64Bytes(r.rest)
	if err != nil {
		return nil, at.fail("%s", because(err))
	}
	r.rest = rest
	if n := int64(u); n >= 0 {
		return n, nil
	}
	return new(big.Int).SetUint64(u), nil
}

func (r *msgpackReader) str() (string, error) {
	at := *r
	text, rest, err := msgp.ReadStringZC(r.rest)
	if err != nil {
		return "", at.fail("%s", because(err))
	}
	if !utf8.Valid(text) {
		return "", at.fail("a str that is not UTF-8")
	}
	r.rest = rest
	return string(text), nil
}

func (r *msgpackReader) list(depth int) (any, error) {
	at := *r
	n, rest, err := msgp.ReadArrayHeaderBytes(r.rest)
	if err != nil {
		return nil, at.fail("%s", because(err))
	}
	r.rest = rest
	list := make(py.List, n)
	for i := range list {
		if list[i], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// dict reads a map. As in Python its keys are str or bytes, nothing else.
func (r *msgpackReader) dict(depth int) (any, error) {
	at := *r
	n, rest, err := msgp.ReadMapHeaderBytes(r.rest)
	if err != nil {
		return nil, at.fail("%s", because(err))
	}
	r.rest = rest
	d := py.NewDict()
	for range n {
		at = *r
		key, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		switch key.(type) {
		case string, []byte:
		default:
			return nil, at.fail("the key of a map is neither str nor bytes")
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		d.Set(key, value)
	}
	return d, nil
}
