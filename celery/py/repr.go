package py

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// repr is a tree as Python's repr() prints it.
func repr(node any) string { return string(appendRepr(nil, node, 0)) }

func appendRepr(b []byte, node any, depth int) []byte {
	if depth > maxDepth {
		return append(b, "..."...)
	}
	switch n := node.(type) {
	case Value:
		return append(b, n.Repr()...)
	case string:
		return appendStrRepr(b, n)
	case []byte:
		return appendBytesRepr(b, n)
	case List:
		return append(reprAll(append(b, '['), n, depth), ']')
	case Tuple:
		b = reprAll(append(b, '('), n, depth)
		if len(n) == 1 {
			b = append(b, ',')
		}
		return append(b, ')')
	case Set:
		if len(n) == 0 {
			return append(b, "set()"...)
		}
		return append(reprAll(append(b, '{'), n, depth), '}')
	case *Dict:
		return reprDict(b, n, depth)
	case *Instance:
		return reprInstance(b, n, depth)
	}
	return appendScalarRepr(b, node)
}

func reprAll(b []byte, elems []any, depth int) []byte {
	for i, e := range elems {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendRepr(b, e, depth+1)
	}
	return b
}

func reprDict(b []byte, d *Dict, depth int) []byte {
	b = append(b, '{')
	for i, it := range d.items {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendRepr(b, it.Key, depth+1), ": "...)
		b = appendRepr(b, it.Value, depth+1)
	}
	return append(b, '}')
}

// reprInstance is what BaseException.__repr__ prints: a single argument has no comma after it.
func reprInstance(b []byte, n *Instance, depth int) []byte {
	name := n.Name[strings.LastIndexByte(n.Name, '.')+1:]
	b = append(append(b, name...), '(')
	return append(reprAll(b, n.Args, depth), ')')
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

// appendStrRepr prefers single quotes, and takes double ones where that spares escapes.
func appendStrRepr(b []byte, s string) []byte {
	quote := quoteFor(s)
	b = append(b, quote)
	for i := 0; i < len(s); {
		r, n := DecodeRune(s[i:])
		b = appendReprRune(b, r, quote)
		i += n
	}
	return append(b, quote)
}

func quoteFor(s string) byte {
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
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
		return AppendRune(b, r)
	case r > 0xffff:
		return fmt.Appendf(b, `\U%08x`, r)
	}
	return fmt.Appendf(b, `\u%04x`, r)
}

func appendBytesRepr(b, data []byte) []byte {
	quote := quoteFor(string(data))
	b = append(b, 'b', quote)
	for _, c := range data {
		if c >= 0x7f {
			b = fmt.Appendf(b, `\x%02x`, c)
		} else {
			b = appendReprRune(b, rune(c), quote)
		}
	}
	return append(b, quote)
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
