package codec

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
)

// Python's json module writes floats that JSON cannot say as bare NaN, Infinity and -Infinity. encoding/json takes
// them nowhere, and does not let a decoder see where in the result a number ended up. So the document is decoded
// twice, with two different numbers in the place of each literal: where the two results differ, the literal stood.

// literals are what stands in a document, and what it means.
var literals = [...]struct {
	text  string
	value float64
}{{"NaN", math.NaN()}, {"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)}}

// standIns are numbers that do not occur in a document, one for each literal. They are exact as a float32 and no
// integers, so that only what takes any float takes them.
type standIns struct {
	texts  [len(literals)]string
	values [len(literals)]float64
}

// newStandIns returns two sets of different numbers. Where the search begins is random, so that a document cannot
// be made to have them all.
func newStandIns(data []byte) (sets [2]standIns) {
	n := 1_000_000 + rand.IntN(6_000_000)
	for s := range sets {
		for i := range literals {
			text := ""
			for text == "" || bytes.Contains(data, []byte(text)) {
				n++
				text = strconv.Itoa(n) + ".5"
			}
			sets[s].texts[i], sets[s].values[i] = text, float64(n)+0.5
		}
	}
	return sets
}

// putIn copies data with the stand-ins for the literals, and tells how many there are. Whether the rest is JSON is for
// encoding/json to say.
func (s *standIns) putIn(data []byte) (out []byte, found int) {
	out = make([]byte, 0, len(data)+len(data)/8)
	for pos := 0; pos < len(data); {
		end := pos + 1
		switch data[pos] {
		case '"':
			end = endOfString(data, pos)
		case 'N', 'I', '-':
			if i := literalAt(data, pos); i >= 0 {
				out = append(out, s.texts[i]...)
				pos += len(literals[i].text)
				found++
				continue
			}
		}
		out = append(out, data[pos:end]...)
		pos = end
	}
	return out, found
}

// endOfString returns the position behind the string that begins at pos.
func endOfString(data []byte, pos int) int {
	for pos++; pos < len(data) && data[pos] != '"'; pos++ {
		if data[pos] == '\\' {
			pos++
		}
	}
	return min(pos+1, len(data))
}

// literalAt returns the number of the literal that is a whole token at pos, or -1.
func literalAt(data []byte, pos int) int {
	if pos > 0 && !strings.ContainsRune(" \t\r\n[,:", rune(data[pos-1])) {
		return -1
	}
	for i, l := range literals {
		rest, found := bytes.CutPrefix(data[pos:], []byte(l.text))
		if found && (len(rest) == 0 || strings.ContainsRune(" \t\r\n],}", rune(rest[0]))) {
			return i
		}
	}
	return -1
}

// takeOut puts the literals back into a text.
func (s *standIns) takeOut(text string) string {
	for i, l := range literals {
		text = strings.ReplaceAll(text, s.texts[i], l.text)
	}
	return text
}

// decodeNonFinite is decode for documents with literals; found is false if there are none.
func decodeNonFinite(data []byte, v any) (found bool, err error) {
	sets := newStandIns(data)
	first, n := sets[0].putIn(data)
	if n == 0 {
		return false, nil
	}
	result := reflect.ValueOf(v).Elem()
	result.SetZero() // an attempt without stand-ins may have left half a value behind
	if err := decode(first, v); err != nil {
		return true, errors.New(sets[0].takeOut(err.Error()))
	}
	second, _ := sets[1].putIn(data)
	other := reflect.New(result.Type())
	if err := decode(second, other.Interface()); err != nil {
		return true, errors.New(sets[1].takeOut(err.Error()))
	}
	m := merger{sets}
	return true, m.merge(result, other.Elem())
}

// merger puts literals where two results differ.
type merger struct{ sets [2]standIns }

var (
	rawMessageType = reflect.TypeFor[json.RawMessage]()
	numberType     = reflect.TypeFor[json.Number]()
)

func (m *merger) merge(v, other reflect.Value) error {
	if decodesItself(v.Type()) && v.Type() != rawMessageType && v.Kind() != reflect.Float32 && v.Kind() != reflect.Float64 {
		if !v.CanInterface() || !reflect.DeepEqual(v.Interface(), other.Interface()) {
			return misplaced(v)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return m.float(v, other)
	case reflect.Interface:
		return m.open(v, other)
	case reflect.Pointer:
		if v.IsNil() || other.IsNil() {
			return nil
		}
		return m.merge(v.Elem(), other.Elem())
	case reflect.Slice, reflect.Array:
		return m.elements(v, other)
	case reflect.Map:
		return m.members(v, other)
	case reflect.Struct:
		return m.fields(v, other)
	case reflect.String:
		if v.String() != other.String() { // a json.Number
			return misplaced(v)
		}
	}
	return nil
}

func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func misplaced(v reflect.Value) error {
	return fmt.Errorf("NaN or Infinity cannot be read into a Go value of type %s", v.Type())
}

func (m *merger) float(v, other reflect.Value) error {
	a, b := v.Float(), other.Float()
	if a == b {
		return nil
	}
	for i, l := range literals {
		if a == m.sets[0].values[i] && b == m.sets[1].values[i] {
			v.SetFloat(l.value)
			return nil
		}
	}
	return misplaced(v)
}

// open is about interfaces. What one holds cannot be changed in place, so it gets a changed copy.
func (m *merger) open(v, other reflect.Value) error {
	if v.IsNil() || other.IsNil() {
		return nil
	}
	a, b := v.Elem(), other.Elem()
	if a.Type() == numberType {
		for i, l := range literals {
			if a.String() == m.sets[0].texts[i] {
				v.Set(reflect.ValueOf(l.value))
			}
		}
		return nil
	}
	if a.Kind() == reflect.Map || a.Kind() == reflect.Slice {
		return m.merge(a, b)
	}
	c := reflect.New(a.Type()).Elem()
	c.Set(a)
	if err := m.merge(c, b); err != nil {
		return err
	}
	v.Set(c)
	return nil
}

func (m *merger) elements(v, other reflect.Value) error {
	if v.Type() == rawMessageType {
		v.SetBytes([]byte(m.sets[0].takeOut(string(v.Bytes()))))
		return nil
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return nil
	}
	for i := range min(v.Len(), other.Len()) {
		if err := m.merge(v.Index(i), other.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (m *merger) members(v, other reflect.Value) error {
	for it := v.MapRange(); it.Next(); {
		b := other.MapIndex(it.Key())
		if !b.IsValid() {
			return misplaced(it.Key())
		}
		c := reflect.New(v.Type().Elem()).Elem()
		c.Set(it.Value())
		if err := m.merge(c, b); err != nil {
			return err
		}
		v.SetMapIndex(it.Key(), c)
	}
	return nil
}

// fields looks at those that encoding/json can set: the exported ones, those of embedded structs too.
func (m *merger) fields(v, other reflect.Value) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() && (!f.Anonymous || f.Type.Kind() != reflect.Struct) {
			continue
		}
		if err := m.merge(v.Field(i), other.Field(i)); err != nil {
			return err
		}
	}
	return nil
}
