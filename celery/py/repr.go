package py

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/larder-go/larder/celery/internal/pytext"
)

func (p *printer) node(node any, depth int) {
	if p.full() {
		return
	}
	if depth > maxDepth {
		p.text("...")
		return
	}
	switch n := node.(type) {
	case Value:
		p.value(n)
	case string:
		p.str(n)
	case []byte:
		p.bytes(n)
	case List:
		p.enclosed("[", n, "]", depth)
	case Tuple:
		p.enclosed("(", n, closing(n), depth)
	case Set:
		p.set(n, depth)
	case *Dict:
		p.dict(n, depth)
	case *Instance:
		p.instance(n, depth)
	default:
		p.b = appendScalarRepr(p.b, node)
	}
}

func (p *printer) text(s string) { p.b = append(p.b, s...) }

func (p *printer) value(v Value) {
	tree, err := v.node()
	if err != nil { // read as Celery52 or checked when it came, so that this does not happen
		p.text(v.text)
		return
	}
	p.node(tree, 0)
}

// closing is what ends a tuple: of one element, with a comma.
func closing(n Tuple) string {
	if len(n) == 1 {
		return ",)"
	}
	return ")"
}

func (p *printer) enclosed(from string, elems []any, to string, depth int) {
	p.text(from)
	for i, e := range elems {
		if p.full() {
			return
		}
		if i > 0 {
			p.text(", ")
		}
		p.node(e, depth+1)
	}
	p.text(to)
}

func (p *printer) set(n Set, depth int) {
	if len(n) == 0 {
		p.text("set()")
		return
	}
	p.enclosed("{", n, "}", depth)
}

func (p *printer) dict(d *Dict, depth int) {
	p.text("{")
	for i, it := range d.items {
		if p.full() {
			return
		}
		if i > 0 {
			p.text(", ")
		}
		p.node(it.Key, depth+1)
		p.text(": ")
		p.node(it.Value, depth+1)
	}
	p.text("}")
}

// instance is what BaseException.__repr__ prints: a single argument has no comma after it.
func (p *printer) instance(n *Instance, depth int) {
	p.text(n.Name[strings.LastIndexByte(n.Name, '.')+1:])
	p.enclosed("(", n.Args, ")", depth)
}

func appendScalarRepr(b []byte, node any) []byte {
	switch n := node.(type) {
	case bool:
		if n {
			return append(b, "True"...)
		}
		return append(b, "False"...)
	case int64:
		return strconv.AppendInt(b, n, 10)
	case *big.Int:
		return n.Append(b, 10)
	case float64:
		return append(b, floatRepr(n)...)
	case Class:
		return append(b, n.String()...)
	case Decimal:
		return append(b, "Decimal('"+string(n)+"')"...)
	case UUID:
		return append(b, "UUID('"+n.String()+"')"...)
	case Date:
		return fmt.Appendf(b, "datetime.date(%d, %d, %d)", n.Year, int(n.Month), n.Day)
	case Time:
		return append(append(append(b, "datetime.time("...), clockRepr(n)...), ')')
	case Datetime:
		b = fmt.Appendf(b, "datetime.datetime(%d, %d, %d, ", n.Year, int(n.Month), n.Day)
		return append(append(b, clockRepr(n.Clock)...), ')')
	}
	return append(b, "None"...)
}

func floatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return string(appendFloat(nil, f))
}

// clockRepr leaves out the seconds and what is below where they are zero.
func clockRepr(t Time) string {
	s := fmt.Sprintf("%d, %d", t.Hour, t.Minute)
	if t.Second != 0 || t.Microsecond != 0 {
		s += fmt.Sprintf(", %d", t.Second)
	}
	if t.Microsecond != 0 {
		s += fmt.Sprintf(", %d", t.Microsecond)
	}
	if t.Aware {
		s += ", tzinfo=" + zoneRepr(t.Offset)
	}
	return s
}

func zoneRepr(offset time.Duration) string {
	if offset == 0 {
		return "datetime.timezone.utc"
	}
	secs := int(offset / time.Second)
	if secs >= 0 {
		return fmt.Sprintf("datetime.timezone(datetime.timedelta(seconds=%d))", secs)
	}
	return fmt.Sprintf("datetime.timezone(datetime.timedelta(days=-1, seconds=%d))", secs+24*60*60)
}

// str prefers single quotes, and takes double ones where that spares escapes.
func (p *printer) str(s string) {
	quote := quoteFor(s)
	p.b = append(p.b, quote)
	for i := 0; i < len(s); {
		if p.full() {
			return
		}
		r, n := pytext.DecodeRune(s[i:])
		p.b = appendReprRune(p.b, r, quote)
		i += n
	}
	p.b = append(p.b, quote)
}

func quoteFor[T string | []byte](s T) byte {
	single := false
	for i := range len(s) {
		switch s[i] {
		case '"':
			return '\''
		case '\'':
			single = true
		}
	}
	if single {
		return '"'
	}
	return '\''
}

func appendReprRune(b []byte, r rune, quote byte) []byte {
	switch {
	case r == rune(quote) || r == '\\':
		return append(b, '\\', byte(r))
	case r == '\n':
		return append(b, `\n`...)
	case r == '\r':
		return append(b, `\r`...)
	case r == '\t':
		return append(b, `\t`...)
	case r >= 0x20 && r < 0x7f:
		return append(b, byte(r))
	case r < 0x100 && !unicode.IsPrint(r):
		return fmt.Appendf(b, `\x%02x`, r)
	case unicode.IsPrint(r):
		return pytext.AppendRune(b, r)
	case r > 0xffff:
		return fmt.Appendf(b, `\U%08x`, r)
	}
	return fmt.Appendf(b, `\u%04x`, r)
}

func (p *printer) bytes(data []byte) {
	quote := quoteFor(data)
	p.b = append(p.b, 'b', quote)
	for _, c := range data {
		if p.full() {
			return
		}
		if c >= 0x7f {
			p.b = fmt.Appendf(p.b, `\x%02x`, c)
		} else {
			p.b = appendReprRune(p.b, rune(c), quote)
		}
	}
	p.b = append(p.b, quote)
}

// typeName is Python's name of a node's type.
func typeName(node any) string {
	switch n := node.(type) {
	case nil:
		return "NoneType"
	case Value:
		return kindOf(n.text)
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []byte:
		return "bytes"
	case List:
		return "list"
	case Tuple:
		return "tuple"
	case Set:
		return "set"
	case *Dict:
		return "dict"
	case Decimal:
		return "Decimal"
	case Class:
		return "type"
	case *Instance:
		return n.Name
	}
	name := strings.ToLower(fmt.Sprintf("%T", node))
	return name[strings.LastIndexByte(name, '.')+1:]
}
