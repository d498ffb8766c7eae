package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
)

// locate adds to an error of encoding/json the path of the part that does not encode, where it can
// find it.
func locate(v any, err error) error {
	var value *json.UnsupportedValueError
	var typ *json.UnsupportedTypeError
	if !errors.As(err, &value) && !errors.As(err, &typ) {
		return err
	}
	f := finder{seen: map[uintptr]bool{}}
	if f.find(reflect.ValueOf(v), "") {
		return fmt.Errorf("%s: %s cannot be written as JSON", f.path, f.what)
	}
	return err
}

// finder walks a value the way the encoder does.
type finder struct {
	seen map[uintptr]bool // pointers above, against cycles
	path string
	what string
}

func (f *finder) find(v reflect.Value, path string) bool {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		if n := v.Float(); math.IsNaN(n) || math.IsInf(n, 0) {
			return f.hit(path, fmt.Sprint(n))
		}
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return f.hit(path, v.Type().String())
	case reflect.Interface:
		return !v.IsNil() && f.find(v.Elem(), path)
	case reflect.Pointer:
		return !v.IsNil() && f.below(v, path, func() bool { return f.find(v.Elem(), path) })
	case reflect.Slice:
		return !v.IsNil() && f.below(v, path, func() bool { return f.elements(v, path) })
	case reflect.Array:
		return f.elements(v, path)
	case reflect.Map:
		return !v.IsNil() && f.below(v, path, func() bool { return f.members(v, path) })
	case reflect.Struct:
		return f.fields(v, path)
	}
	return false
}

func (f *finder) hit(path, what string) bool {
	if path == "" {
		path = "the value"
	}
	f.path, f.what = path, what
	return true
}

// below looks under something that can contain itself.
func (f *finder) below(v reflect.Value, path string, look func() bool) bool {
	p := v.Pointer()
	if f.seen[p] && (v.Kind() != reflect.Slice || v.Len() > 0) {
		return f.hit(path, "a cycle")
	}
	f.seen[p] = true
	defer delete(f.seen, p)
	return look()
}

func (f *finder) elements(v reflect.Value, path string) bool {
	for i := range v.Len() {
		if f.find(v.Index(i), fmt.Sprintf("%s[%d]", path, i)) {
			return true
		}
	}
	return false
}

func (f *finder) members(v reflect.Value, path string) bool {
	for it := v.MapRange(); it.Next(); {
		if f.find(it.Value(), fmt.Sprintf("%s[%q]", path, fmt.Sprint(it.Key()))) {
			return true
		}
	}
	return false
}

func (f *finder) fields(v reflect.Value, path string) bool {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Tag.Get("json") == "-" {
			continue
		}
		if f.find(v.Field(i), path+"."+field.Name) {
			return true
		}
	}
	return false
}
