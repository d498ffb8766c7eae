package larder

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/larder-go/larder/codec"
)

// plainType describes a type whose values can be kept as they are without anybody noticing: made of bool,
// integers, floats, strings, time.Time, arrays and structs of these, with every field exported and
// encoded by default rules. A copy of such a value shares nothing that could be modified, and a round trip
// through JSON gives the same value back, once it is settled.
type plainType struct {
	text bool // JSON, which knows neither NaN nor invalid UTF-8
	deep bool // there are floats, strings or times inside: settle and weight have to look
	size int
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	numberType = reflect.TypeFor[json.Number]()
)

// plainTypeOf returns nil if values of t have to be encoded.
func plainTypeOf(t reflect.Type, c codec.Codec) *plainType {
	p := &plainType{size: int(t.Size())}
	switch base := codec.Base(c); {
	case codec.Same(base, codec.JSON):
		p.text = true
	case !codec.Same(base, codec.Raw) || t != reflect.TypeFor[string]():
		return nil // who knows what it does to a value
	}
	if !p.add(t) {
		return nil
	}
	return p
}

// add looks at t and everything in it.
func (p *plainType) add(t reflect.Type) bool {
	if t == timeType {
		p.deep = true
		return true
	}
	if marshalsItself(t) || t == numberType { // a json.Number is a string that has to be a number
		return false
	}
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	case reflect.Float32, reflect.Float64, reflect.String:
		p.deep = true
		return true
	case reflect.Array:
		return p.add(t.Elem())
	case reflect.Struct:
		return p.addFields(t)
	}
	return false
}

func (p *plainType) addFields(t reflect.Type) bool {
	names := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		// Embedded structs, fields of one name and names that are none have rules of who hides whom: not worth
		// following.
		if !f.IsExported() || f.Anonymous || !isSimpleName(name) || names[name] || !p.add(f.Type) {
			return false
		}
		if strings.Contains(options, "omitzero") && f.Type != timeType && knowsZero(f.Type) {
			return false
		}
		names[name] = true
	}
	return true
}

// isSimpleName tells whether encoding/json takes a tag's name as it is.
func isSimpleName(name string) bool {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.:/@$ ", r)
	}
	return name != "-" && !strings.ContainsFunc(name, odd)
}

// knowsZero tells whether values of t say themselves what omitzero leaves out.
func knowsZero(t reflect.Type) bool {
	_, has := reflect.PointerTo(t).MethodByName("IsZero")
	return has
}

func marshalsItself(t reflect.Type) bool {
	for _, t := range []reflect.Type{t, reflect.PointerTo(t)} {
		if t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[json.Unmarshaler]()) ||
			t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || t.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
			return true
		}
	}
	return false
}

// settle makes of v, which is addressable, what a round trip through the codec would give: no monotonic
// clock, no invalid UTF-8. What JSON cannot say is refused with the field's path.
func (p *plainType) settle(v reflect.Value) error {
	if !p.deep {
		return nil
	}
	if !p.text {
		v.SetString(strings.Clone(v.String())) // see below
		return nil
	}
	path, err := settle(v)
	if err != nil {
		if path == "" {
			path = "the value"
		}
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func settle(v reflect.Value) (path string, err error) {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return "", fmt.Errorf("%v cannot be written as JSON", f)
		}
	case reflect.String:
		s := v.String()
		if !utf8.ValidString(s) {
			s = string([]rune(s)) // each bad byte becomes U+FFFD, as in encoding/json
		}
		// A copy: what the caller gave may be a small part of something large, which the entry would keep alive
		// without its weight being counted.
		v.SetString(strings.Clone(s))
	case reflect.Array:
		for i := range v.Len() {
			if path, err := settle(v.Index(i)); err != nil {
				return fmt.Sprintf("[%d]%s", i, path), err
			}
		}
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*time.Time); ok {
			return "", settleTime(t)
		}
		for i := range v.NumField() {
			if path, err := settle(v.Field(i)); err != nil {
				return "." + v.Type().Field(i).Name + path, err
			}
		}
	}
	return "", nil
}

// settleTime takes the monotonic clock away, and what JSON does not keep of the zone: its name, and seconds of
// its offset.
func settleTime(t *time.Time) error {
	if y := t.Year(); t.Location() == time.UTC && 0 <= y && y <= 9999 {
		*t = t.Round(0).UTC()
		return nil
	}
	text, err := t.MarshalJSON()
	if err != nil {
		return err
	}
	return t.UnmarshalJSON(text)
}

// weight is the size of the type and its strings.
func (p *plainType) weight(v reflect.Value) int {
	if !p.deep {
		return p.size
	}
	return p.size + stringBytes(v)
}

func stringBytes(v reflect.Value) int {
	n := 0
	switch v.Kind() {
	case reflect.String:
		return v.Len()
	case reflect.Array:
		for i := range v.Len() {
			n += stringBytes(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return 0
		}
		for i := range v.NumField() {
			n += stringBytes(v.Field(i))
		}
	}
	return n
}
