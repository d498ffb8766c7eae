package py

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/larder-go/larder/celery/internal/pytext"
)

// writer writes trees by the rules of Python's json.dumps and of kombu.
type writer struct {
	b       []byte
	compat  Compat
	lenient bool // finds a form for everything
	err     error
}

func (w *writer) value(node any, depth int) {
	if w.err != nil {
		return
	}
	switch n := node.(type) {
	case Value:
		w.part(n, depth)
	case nil, bool, int64, *big.Int, float64:
		w.b = appendScalar(w.b, n)
	case string:
		w.b = pytext.AppendQuoted(w.b, n)
	case List:
		w.list(n, depth)
	case Tuple:
		w.list(n, depth)
	case *Dict:
		w.dict(n, depth)
	case *Instance:
		w.instance(n, depth)
	default:
		w.typed(n)
	}
}

// part writes a value that stands in a tree.
func (w *writer) part(v Value, depth int) {
	if v.text != "" {
		w.b = append(w.b, v.text...)
		return
	}
	w.value(v.tree, depth)
}

func appendScalar(b []byte, node any) []byte {
	switch n := node.(type) {
	case bool:
		return strconv.AppendBool(b, n)
	case int64:
		return strconv.AppendInt(b, n, 10)
	case *big.Int:
		return n.Append(b, 10)
	case float64:
		return appendJSONFloat(b, n)
	}
	return append(b, "null"...)
}

func appendJSONFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	}
	return appendFloat(b, f)
}

// appendFloat appends a finite float as Python's repr() has it: the fewest digits that read back,
// with an exponent below -4 and from 16 on.
func appendFloat(b []byte, f float64) []byte {
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		format = 'e'
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, format, -1, 64)
	if format == 'e' {
		return b
	}
	for _, c := range b[start:] {
		if c == '.' {
			return b
		}
	}
	return append(b, ".0"...)
}

func (w *writer) list(elems []any, depth int) {
	if !w.deeper(depth) {
		return
	}
	w.b = append(w.b, '[')
	for i, e := range elems {
		if i > 0 {
			w.b = append(w.b, ", "...)
		}
		w.value(e, depth+1)
	}
	w.b = append(w.b, ']')
}

func (w *writer) dict(d *Dict, depth int) {
	if !w.deeper(depth) {
		return
	}
	w.b = append(w.b, '{')
	for i, it := range d.items {
		if i > 0 {
			w.b = append(w.b, ", "...)
		}
		w.key(it.Key)
		w.b = append(w.b, ": "...)
		w.value(it.Value, depth+1)
	}
	w.b = append(w.b, '}')
}

func (w *writer) deeper(depth int) bool {
	if depth >= maxDepth {
		w.err = unencodable("nested more than %d deep", maxDepth)
	}
	return w.err == nil
}

// key writes a key, which in JSON is a string: Python puts those scalars into one that are none.
func (w *writer) key(key any) {
	switch k := key.(type) {
	case string:
		w.b = pytext.AppendQuoted(w.b, k)
	case nil, bool, int64, *big.Int, float64:
		w.b = append(w.b, '"')
		w.b = append(appendScalar(w.b, k), '"')
	default:
		if !w.lenient {
			w.err = unencodable("keys must be str, int, float, bool or None, not %s", typeName(key))
			return
		}
		w.b = pytext.AppendQuoted(w.b, repr(key))
	}
}

// instance writes an exception as Celery stores it where the serializer knows no classes.
func (w *writer) instance(n *Instance, depth int) {
	if !w.lenient {
		w.refuse(n)
		return
	}
	w.dict(NewDict(Item{"exc_type", n.Name}, Item{"exc_message", n.Args}, Item{"exc_module", n.Module}), depth)
}

func (w *writer) refuse(node any) {
	w.err = unencodable("object of type %s is not JSON serializable", typeName(node))
}

// typed writes what JSON has no form for and kombu has: by name in 5.6, as a string in 5.2.
func (w *writer) typed(node any) {
	var kind, text string
	switch n := node.(type) {
	case Datetime:
		kind, text = "datetime", w.datetime(n)
	case Date:
		kind, text = "date", w.date(n)
	case Time:
		kind, text = "time", n.String()
	case Decimal:
		kind, text = "decimal", string(n)
	case UUID:
		w.uuid(n)
		return
	case []byte:
		w.bytes(n)
		return
	default:
		if w.lenient {
			w.b = pytext.AppendQuoted(w.b, repr(node))
		} else {
			w.refuse(node)
		}
		return
	}
	if w.compat == Celery52 {
		w.b = pytext.AppendQuoted(w.b, text)
		return
	}
	w.wrap(kind, text)
}

func (w *writer) wrap(kind, text string) {
	w.b = append(append(append(w.b, `{"__type__": "`...), kind...), `", "__value__": `...)
	w.b = append(pytext.AppendQuoted(w.b, text), '}')
}

func (w *writer) datetime(d Datetime) string {
	s := d.String()
	if n := len(s) - len("+00:00"); w.compat == Celery52 && d.Clock.Aware && s[n:] == "+00:00" {
		return s[:n] + "Z"
	}
	return s
}

func (w *writer) date(d Date) string {
	if w.compat == Celery52 {
		return d.String() + "T00:00:00"
	}
	return d.String()
}

func (w *writer) uuid(u UUID) {
	if w.compat == Celery52 {
		w.b = pytext.AppendQuoted(w.b, u.String())
		return
	}
	w.b = append(w.b, `{"__type__": "uuid", "__value__": {"hex": "`...)
	w.b = append(hex.AppendEncode(w.b, u[:]), `"}}`...)
}

func (w *writer) bytes(b []byte) {
	switch {
	case w.compat == Celery52:
		w.refuse(b)
	case utf8.Valid(b):
		w.wrap("bytes", string(b))
	default:
		w.wrap("base64", base64.StdEncoding.EncodeToString(b))
	}
}
