package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// step is one step from a JSON value into a part of it: a member's name, or an index.
type step struct {
	name  string
	index int // -1: a name
}

// literal is one bare NaN, Infinity or -Infinity.
type literal struct {
	text  string
	value float64
	path  []step
}

var literals = []struct {
	text  string
	value float64
}{{"NaN", math.NaN()}, {"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)}}

// maxDepth is encoding/json's own limit of nesting.
const maxDepth = 10000

// nonFinite copies data with a 0 for every literal that Python's json module writes for a float that
// JSON cannot say, and tells where they stood. It checks no more of the syntax than it needs: the copy goes
// through encoding/json. ok is false for what cannot be JSON.
func nonFinite(data []byte) (finite []byte, found []literal, ok bool) {
	s := scanner{data: data}
	for s.pos < len(data) {
		if !s.next() {
			return nil, nil, false
		}
	}
	return s.out, s.live(), true
}

type scanner struct {
	data  []byte
	pos   int
	out   []byte
	path  []step // one step a container that is open; its last name or index
	names bool   // a string here is a member's name
	found []literal
}

// next takes one token.
func (s *scanner) next() bool {
	c := s.data[s.pos]
	switch c {
	case '{', '[':
		if len(s.path) >= maxDepth {
			return false
		}
		first := step{index: -1}
		if c == '[' {
			first.index = 0
		}
		s.path = append(s.path, first)
		s.names = c == '{'
	case '}', ']':
		if len(s.path) == 0 {
			return false
		}
		s.path = s.path[:len(s.path)-1]
		s.names = false
	case ',':
		if len(s.path) > 0 && s.path[len(s.path)-1].index >= 0 {
			s.path[len(s.path)-1].index++
		} else {
			s.names = true
		}
	case ':':
		s.names = false
	case '"':
		return s.text()
	case 'N', 'I', '-':
		return s.literal()
	}
	s.out = append(s.out, c)
	s.pos++
	return true
}

func (s *scanner) text() bool {
	end := s.pos + 1
	for end < len(s.data) && s.data[end] != '"' {
		if s.data[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s.data) {
		return false
	}
	token := s.data[s.pos : end+1]
	if s.names && len(s.path) > 0 {
		if json.Unmarshal(token, &s.path[len(s.path)-1].name) != nil {
			return false
		}
	}
	s.out = append(s.out, token...)
	s.pos = end + 1
	return true
}

func (s *scanner) literal() bool {
	for _, l := range literals {
		if bytes.HasPrefix(s.data[s.pos:], []byte(l.text)) {
			s.found = append(s.found, literal{l.text, l.value, append([]step(nil), s.path...)})
			s.out = append(s.out, '0')
			s.pos += len(l.text)
			return true
		}
	}
	s.out = append(s.out, s.data[s.pos])
	s.pos++
	return s.out[len(s.out)-1] == '-'
}

// live drops the literals that a later member of the same name replaces.
func (s *scanner) live() []literal {
	last := map[string]int{}
	for i, l := range s.found {
		last[pathString(l.path)] = i
	}
	live := s.found[:0]
	for i, l := range s.found {
		if last[pathString(l.path)] == i {
			live = append(live, l)
		}
	}
	return live
}

func pathString(path []step) string {
	var b strings.Builder
	for _, s := range path {
		if s.index >= 0 {
			fmt.Fprintf(&b, "[%d]", s.index)
		} else {
			b.WriteString("." + s.name)
		}
	}
	if b.Len() == 0 {
		return "the value"
	}
	return b.String()
}

var errNoFloat = errors.New("the Go type there is not a float")

// put sets the part of v that path leads to. What the decoder has left out (an unknown member, an
// element beyond an array) is left out here too.
func (l literal) put(v reflect.Value, path []step) error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return l.put(v.Elem(), path)
	case reflect.Interface:
		return l.putInterface(v, path)
	}
	if len(path) == 0 {
		if v.Kind() != reflect.Float32 && v.Kind() != reflect.Float64 {
			return errNoFloat
		}
		v.SetFloat(l.value)
		return nil
	}
	if v.CanAddr() && v.Addr().Type().Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return fmt.Errorf("%s decodes itself", v.Type())
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		if i := path[0].index; i >= 0 && i < v.Len() {
			return l.put(v.Index(i), path[1:])
		}
	case reflect.Map:
		return l.putMap(v, path)
	case reflect.Struct:
		if f := fieldByName(v, path[0].name); f.IsValid() {
			return l.put(f, path[1:])
		}
	}
	return nil
}

func (l literal) putInterface(v reflect.Value, path []step) error {
	if len(path) == 0 {
		v.Set(reflect.ValueOf(l.value))
		return nil
	}
	// What an interface holds cannot be changed in place, unless it is a map or slice.
	return l.put(v.Elem(), path)
}

func (l literal) putMap(m reflect.Value, path []step) error {
	key := reflect.New(m.Type().Key()).Elem()
	switch key.Kind() {
	case reflect.String:
		key.SetString(path[0].name)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, _ := strconv.ParseInt(path[0].name, 10, 64)
		key.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, _ := strconv.ParseUint(path[0].name, 10, 64)
		key.SetUint(n)
	default:
		return fmt.Errorf("in a map with keys of %s", key.Type())
	}
	old := m.MapIndex(key)
	if !old.IsValid() {
		return nil
	}
	elem := reflect.New(m.Type().Elem()).Elem()
	elem.Set(old)
	if err := l.put(elem, path[1:]); err != nil {
		return err
	}
	m.SetMapIndex(key, elem)
	return nil
}

// fieldByName finds the field that encoding/json decodes a member into: by its exact name, else by a name
// that differs in case only.
func fieldByName(v reflect.Value, name string) reflect.Value {
	var folded []int
	for _, f := range reflect.VisibleFields(v.Type()) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || tag == "-" {
			continue
		}
		if tag == "" {
			tag = f.Name
		}
		if tag == name {
			return fieldByIndex(v, f.Index)
		}
		if folded == nil && strings.EqualFold(tag, name) {
			folded = f.Index
		}
	}
	if folded == nil {
		return reflect.Value{}
	}
	return fieldByIndex(v, folded)
}

func fieldByIndex(v reflect.Value, index []int) reflect.Value {
	f, err := v.FieldByIndexErr(index)
	if err != nil {
		return reflect.Value{}
	}
	return f
}
