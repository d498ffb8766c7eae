package py

import (
	"cmp"
	"encoding"
	"math/big"
	"reflect"
	"slices"
	"strconv"

	"github.com/larder-go/larder/celery/internal/pytext"
)

// value converts by reflection.
func (c *converter) value(rv reflect.Value, depth int) (any, error) {
	if !rv.IsValid() {
		return nil, nil
	}
	if nilable(rv.Kind()) && rv.IsNil() {
		return nil, nil
	}
	if node, known, err := c.special(rv, depth); known {
		return node, err
	}
	switch rv.Kind() {
	case reflect.Bool:
		return rv.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return intNode(new(big.Int).SetUint64(rv.Uint())), nil
	case reflect.Float64:
		return rv.Float(), nil
	case reflect.Float32:
		return float32Node(rv.Float()), nil
	case reflect.String:
		return pytext.Clean(rv.String()), nil
	}
	return c.composite(rv, depth)
}

func nilable(k reflect.Kind) bool {
	switch k {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return true
	}
	return false
}

// special converts values whose type, or the pointer to it, has a form of its own.
func (c *converter) special(rv reflect.Value, depth int) (node any, known bool, err error) {
	if !rv.CanInterface() || rv.Kind() == reflect.Interface {
		return nil, false, nil
	}
	if node, known, err = c.own(rv.Interface(), depth); known {
		return node, known, err
	}
	if rv.CanAddr() && rv.Kind() != reflect.Pointer {
		if node, known, err = c.marshaled(rv.Addr().Interface()); known {
			return node, known, err
		}
	}
	return c.marshaled(rv.Interface())
}

// composite converts what holds other values.
func (c *converter) composite(rv reflect.Value, depth int) (any, error) {
	if depth >= maxDepth {
		return nil, c.fail("nested more than %d deep", maxDepth)
	}
	leave, err := c.enter(rv, depth)
	if err != nil {
		return nil, err
	}
	defer leave()
	switch rv.Kind() {
	case reflect.Pointer, reflect.Interface:
		return c.value(rv.Elem(), depth+1)
	case reflect.Slice:
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			return slices.Clone(rv.Bytes()), nil
		}
		return c.slice(rv, depth)
	case reflect.Array:
		return c.slice(rv, depth)
	case reflect.Map:
		return c.mapping(rv, depth)
	case reflect.Struct:
		return c.structure(rv, depth)
	}
	return nil, c.fail("a %s has no form in Python", rv.Type())
}

// enter finds out, once it is deep, whether the value has been met on the way to itself.
func (c *converter) enter(rv reflect.Value, depth int) (leave func(), err error) {
	switch rv.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
	default:
		return func() {}, nil
	}
	if depth < watchFrom {
		return func() {}, nil
	}
	at := visit{rv.Pointer(), rv.Type()}
	if c.visited[at] {
		return nil, c.fail("a cycle")
	}
	if c.visited == nil {
		c.visited = map[visit]bool{}
	}
	c.visited[at] = true
	return func() { delete(c.visited, at) }, nil
}

func (c *converter) slice(rv reflect.Value, depth int) (any, error) {
	out := make(List, rv.Len())
	for i := range out {
		node, err := c.within("["+strconv.Itoa(i)+"]", func() (any, error) { return c.value(rv.Index(i), depth+1) })
		if err != nil {
			return nil, err
		}
		out[i] = node
	}
	return out, nil
}

func (c *converter) mapping(rv reflect.Value, depth int) (any, error) {
	type entry struct {
		key   string
		value reflect.Value
	}
	entries := make([]entry, 0, rv.Len())
	for it := rv.MapRange(); it.Next(); {
		key, err := c.mapKey(it.Key())
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{key, it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	d := &Dict{items: make([]Item, 0, len(entries))}
	for _, e := range entries {
		node, err := c.within("["+strconv.Quote(e.key)+"]", func() (any, error) { return c.value(e.value, depth+1) })
		if err != nil {
			return nil, err
		}
		d.Set(e.key, node)
	}
	return d, nil
}

// mapKey is the string that encoding/json makes of a key.
func (c *converter) mapKey(rv reflect.Value) (string, error) {
	if rv.Kind() == reflect.String {
		return pytext.Clean(rv.String()), nil
	}
	if m, ok := rv.Interface().(encoding.TextMarshaler); ok {
		if rv.Kind() == reflect.Pointer && rv.IsNil() {
			return "", nil
		}
		text, err := m.MarshalText()
		if err != nil {
			return "", c.fail("%v", err)
		}
		return pytext.Clean(string(text)), nil
	}
	switch {
	case rv.CanInt():
		return strconv.FormatInt(rv.Int(), 10), nil
	case rv.CanUint():
		return strconv.FormatUint(rv.Uint(), 10), nil
	}
	return "", c.fail("a key of type %s has no form in Python", rv.Type())
}

func (c *converter) structure(rv reflect.Value, depth int) (any, error) {
	fields := fieldsOf(rv.Type())
	d := &Dict{items: make([]Item, 0, len(fields))}
	for i := range fields {
		f := &fields[i]
		fv, ok := f.of(rv)
		if !ok || f.leftOut(fv) {
			continue
		}
		node, err := c.within("."+f.name, func() (any, error) { return c.value(fv, depth+1) })
		if err != nil {
			return nil, err
		}
		if f.quoted {
			node = quotedNode(node)
		}
		d.Set(f.name, node)
	}
	return d, nil
}

// quotedNode is the text of a scalar whose tag says ",string".
func quotedNode(node any) any {
	if node == nil {
		return nil
	}
	w := writer{lenient: true}
	w.value(node, 0)
	return string(w.b)
}
