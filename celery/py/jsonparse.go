package py

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/larder-go/larder/celery/internal/pytext"
)

// maxDigits bounds the digits of an int that is converted, as Python does since 3.11: the
// conversion takes time with the square of their number.
const maxDigits = 4300

// parser builds the tree of JSON text that a scanner has checked.
type parser struct {
	scanner
	compat Compat
}

// parse is the tree of the text.
func (v Value) parse() (any, error) {
	p := parser{scanner: scanner{s: v.text}, compat: v.compat}
	p.space()
	return p.node()
}

func (p *parser) node() (any, error) {
	switch p.s[p.pos] {
	case '"':
		return p.text(), nil
	case '{':
		return p.dict()
	case '[':
		return p.list()
	case 'n':
		p.pos += len("null")
		return nil, nil
	case 't':
		p.pos += len("true")
		return true, nil
	case 'f':
		p.pos += len("false")
		return false, nil
	}
	start := p.pos
	for p.pos < len(p.s) && inNumber[p.s[p.pos]] {
		p.pos++
	}
	n, ok := numberOf(p.s[start:p.pos])
	if !ok {
		p.pos = start
		return nil, p.fail("an int of more than %d digits", maxDigits)
	}
	return n, nil
}

// inNumber marks the bytes of numbers, NaN and the infinities.
var inNumber = func() (t [256]bool) {
	for _, c := range "0123456789+-.eENaNInfinity" {
		t[c] = true
	}
	return t
}()

// numberOf is the number that checked text is.
func numberOf(s string) (any, bool) {
	switch s {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	if strings.ContainsAny(s, ".eE") {
		f, _ := strconv.ParseFloat(s, 64) // what is out of range is an infinity, as in Python
		return f, true
	}
	return intOf(s)
}

// intOf is the int64 or *big.Int of decimal digits with a sign perhaps.
func intOf(s string) (any, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	if len(s) > maxDigits+1 {
		return nil, false
	}
	n, ok := new(big.Int).SetString(s, 10)
	return n, ok
}

// text is the string that begins at pos.
func (p *parser) text() string {
	start := p.pos
	p.pos++
	for p.s[p.pos] != '"' {
		if p.s[p.pos] == '\\' {
			p.pos++
		}
		p.pos++
	}
	p.pos++
	return unquote(p.s[start:p.pos])
}

func (p *parser) list() (any, error) {
	list := List{}
	err := p.each('[', ']', 0, func() error {
		n, err := p.node()
		list = append(list, n)
		return err
	})
	return list, err
}

func (p *parser) dict() (any, error) {
	start, d := p.pos, &Dict{}
	err := p.each('{', '}', 0, func() error {
		key := p.text()
		p.space()
		p.pos++
		p.space()
		n, err := p.node()
		d.Set(key, n)
		return err
	})
	if err != nil || p.compat == Celery52 || !isTyped(d) {
		return d, err
	}
	n, err := typedOf(d)
	if err != nil {
		return nil, malformed("json", start, "%v", err)
	}
	return n, nil
}

// unquote is the string that checked text with quotes holds: a part of it if there is no escape.
func unquote(quoted string) string {
	s := quoted[1 : len(quoted)-1]
	at := strings.IndexByte(s, '\\')
	if at < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for at >= 0 {
		b.WriteString(s[:at])
		s = s[at:]
		n := 2
		if s[1] == 'u' {
			var buf [4]byte
			var unit []byte
			unit, n = appendUnit(buf[:0], s)
			b.Write(unit)
		} else {
			b.WriteByte(unescaped[s[1]])
		}
		s = s[n:]
		at = strings.IndexByte(s, '\\')
	}
	b.WriteString(s)
	return b.String()
}

var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// appendUnit appends the character of the \u escape that s begins with, and of the next one if both
// are one surrogate pair. It returns the length of what it read.
func appendUnit(b []byte, s string) ([]byte, int) {
	r := unit(s)
	if utf16.IsSurrogate(r) && strings.HasPrefix(s[6:], `\u`) {
		if pair := utf16.DecodeRune(r, unit(s[6:])); pair != utf8.RuneError {
			return utf8.AppendRune(b, pair), 12
		}
	}
	return pytext.AppendRune(b, r), 6
}

// unit is the number of the \u escape that s begins with.
func unit(s string) rune {
	var r rune
	for i := 2; i < 6; i++ {
		r = r<<4 | rune(unhex(s[i]))
	}
	return r
}

// isTyped tells whether d has exactly the keys by which kombu marks a typed object.
func isTyped(d *Dict) bool {
	if d.Len() != 2 {
		return false
	}
	_, kind := d.Get("__type__")
	_, value := d.Get("__value__")
	return kind && value
}

// typedOf is what kombu's typed object stands for.
func typedOf(d *Dict) (any, error) {
	kind, _ := d.Get("__type__")
	value, _ := d.Get("__value__")
	text, isText := value.(string)
	if kind == "uuid" {
		return uuidOf(value)
	}
	read, known := readers[asText(kind)]
	if !known {
		return nil, mismatch(kind, "a known __type__ ("+reprLimit(kind, maxShown)+" is none)")
	}
	if !isText {
		return nil, mismatch(value, "the text of a "+asText(kind))
	}
	return read(text)
}

// readers are the typed objects whose value is text.
var readers = map[string]func(string) (any, error){
	"datetime": func(s string) (any, error) { return ParseDatetime(s) },
	"date": func(s string) (any, error) {
		d, err := ParseDatetime(s)
		return d.Date, err
	},
	"time":    func(s string) (any, error) { return ParseTime(s) },
	"bytes":   func(s string) (any, error) { return []byte(s), nil },
	"decimal": func(s string) (any, error) { return ParseDecimal(s) },
	"base64": func(s string) (any, error) {
		b, err := base64.StdEncoding.DecodeString(s)
		return b, err
	},
}

func uuidOf(value any) (any, error) {
	d, ok := value.(*Dict)
	if !ok || d.Len() != 1 {
		return nil, mismatch(value, "a uuid's hex")
	}
	hex, _ := d.Get("hex")
	return ParseUUID(asText(hex))
}

func asText(node any) string {
	s, _ := node.(string)
	return s
}
