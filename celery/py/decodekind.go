package py

import (
	"encoding"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// intoKind stores by the kind of the Go type.
func intoKind(rv reflect.Value, node any) *misfit {
	switch {
	case rv.CanInt():
		return intoInt(rv, node)
	case rv.CanUint():
		return intoUint(rv, node)
	case rv.CanFloat():
		return intoFloat(rv, node)
	}
	switch rv.Kind() {
	case reflect.Bool:
		b, ok := node.(bool)
		if !ok {
			return unfit(node, rv)
		}
		rv.SetBool(b)
		return nil
	case reflect.String:
		s, ok := textOf(node)
		if !ok {
			return unfit(node, rv)
		}
		rv.SetString(s)
		return nil
	case reflect.Interface:
		return intoInterface(rv, node)
	}
	return intoComposite(rv, node)
}

func intoInt(rv reflect.Value, node any) *misfit {
	n, ok := node.(int64)
	if !ok || rv.OverflowInt(n) {
		return unfit(node, rv)
	}
	rv.SetInt(n)
	return nil
}

func intoUint(rv reflect.Value, node any) *misfit {
	var u uint64
	switch n := node.(type) {
	case int64:
		if n < 0 {
			return unfit(node, rv)
		}
		u = uint64(n)
	case *big.Int:
		if !n.IsUint64() {
			return unfit(node, rv)
		}
		u = n.Uint64()
	default:
		return unfit(node, rv)
	}
	if rv.OverflowUint(u) {
		return unfit(node, rv)
	}
	rv.SetUint(u)
	return nil
}

// intoInterface stores a copy of the node if it has the interface's methods.
func intoInterface(rv reflect.Value, node any) *misfit {
	if node == nil || !reflect.TypeOf(node).AssignableTo(rv.Type()) {
		return unfit(node, rv)
	}
	return intoOwn(rv, node)
}

func intoComposite(rv reflect.Value, node any) *misfit {
	switch rv.Kind() {
	case reflect.Slice:
		return intoSlice(rv, node)
	case reflect.Array:
		return intoArray(rv, node)
	case reflect.Map:
		return intoMap(rv, node)
	case reflect.Struct:
		return intoStruct(rv, node)
	}
	return unfit(node, rv)
}

func intoSlice(rv reflect.Value, node any) *misfit {
	if b, ok := node.([]byte); ok && rv.Type().Elem().Kind() == reflect.Uint8 {
		rv.SetBytes(slices.Clone(b))
		return nil
	}
	elems, ok := elements(node)
	if !ok {
		return unfit(node, rv)
	}
	out := reflect.MakeSlice(rv.Type(), len(elems), len(elems))
	bad := intoEach(out, elems)
	rv.Set(out)
	return bad
}

func intoArray(rv reflect.Value, node any) *misfit {
	if b, ok := node.([]byte); ok && rv.Type().Elem().Kind() == reflect.Uint8 && len(b) == rv.Len() {
		reflect.Copy(rv, reflect.ValueOf(b))
		return nil
	}
	elems, ok := elements(node)
	if !ok || len(elems) != rv.Len() {
		return unfit(node, rv)
	}
	return intoEach(rv, elems)
}

func intoEach(rv reflect.Value, elems []any) *misfit {
	for i, e := range elems {
		if bad := into(rv.Index(i), e); bad != nil {
			return bad.within("[" + strconv.Itoa(i) + "]")
		}
	}
	return nil
}

func intoMap(rv reflect.Value, node any) *misfit {
	d, ok := node.(*Dict)
	if !ok {
		return unfit(node, rv)
	}
	if rv.IsNil() {
		rv.Set(reflect.MakeMapWithSize(rv.Type(), d.Len()))
	}
	for _, it := range d.items {
		key := reflect.New(rv.Type().Key()).Elem()
		if bad := intoKey(key, it.Key); bad != nil {
			return bad
		}
		elem := reflect.New(rv.Type().Elem()).Elem()
		if bad := into(elem, it.Value); bad != nil {
			return bad.within("[" + reprLimit(it.Key, maxShown) + "]")
		}
		rv.SetMapIndex(key, elem)
	}
	return nil
}

// intoKey stores a key: in JSON it is a string, whatever it was before.
func intoKey(rv reflect.Value, key any) *misfit {
	text, ok := keyText(key)
	if m, self := rv.Addr().Interface().(encoding.TextUnmarshaler); self && ok {
		return misfitOf(fitting(m.UnmarshalText([]byte(text))))
	}
	switch {
	case ok && rv.Kind() == reflect.String:
		rv.SetString(text)
		return nil
	case ok && (rv.CanInt() || rv.CanUint()):
		if n, isInt := parseIntKey(text); isInt {
			return intoKind(rv, n)
		}
	case rv.Kind() == reflect.Interface:
		return into(rv, key)
	}
	return unfit(key, rv)
}

func parseIntKey(text string) (any, bool) {
	if strings.HasPrefix(text, "+") {
		return nil, false
	}
	return intOf(text)
}

// keyText is the string that JSON makes of a key.
func keyText(key any) (string, bool) {
	switch k := key.(type) {
	case nil, bool, int64, *big.Int, float64:
		return string(appendScalar(nil, k)), true
	}
	return textOf(key)
}

func intoStruct(rv reflect.Value, node any) *misfit {
	d, ok := node.(*Dict)
	if !ok {
		return unfit(node, rv)
	}
	fields := fieldsOf(rv.Type())
	for _, it := range d.items {
		name, _ := it.Key.(string)
		f := fieldNamed(fields, name)
		if f == nil {
			continue
		}
		fv, err := f.reach(rv)
		if err != nil {
			return misfitOf(err)
		}
		if bad := intoField(fv, f, it.Value); bad != nil {
			return bad.within("." + name)
		}
	}
	return nil
}

// intoField stores in a field; with ",string" in its tag the scalar stands in a string.
func intoField(fv reflect.Value, f *structField, node any) *misfit {
	if v, ok := node.(Value); ok && f.quoted {
		parsed, err := v.node()
		if err != nil {
			return misfitOf(err)
		}
		node = parsed
	}
	s, isText := node.(string)
	if !f.quoted || node == nil {
		return into(fv, node)
	}
	if !isText {
		return unfit(node, fv)
	}
	inner, err := FromJSONAs([]byte(s), Celery52)
	if err != nil {
		return unfit(node, fv)
	}
	return into(fv, inner)
}

// fieldNamed is the field of that name, or of one that differs in case only; nil if there is none.
func fieldNamed(fields []structField, name string) *structField {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	for i := range fields {
		if strings.EqualFold(fields[i].name, name) {
			return &fields[i]
		}
	}
	return nil
}

// reach is the field of rv, with embedded pointers made on the way.
func (f *structField) reach(rv reflect.Value) (reflect.Value, error) {
	for i, n := range f.index {
		if i > 0 && rv.Kind() == reflect.Pointer {
			if rv.IsNil() {
				if !rv.CanSet() {
					return rv, mismatch(nil, "a pointer to embedded "+rv.Type().Elem().String())
				}
				rv.Set(reflect.New(rv.Type().Elem()))
			}
			rv = rv.Elem()
		}
		rv = rv.Field(n)
	}
	return rv, nil
}
