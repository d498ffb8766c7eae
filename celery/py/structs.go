package py

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// structField is a field of a struct under the name that encoding/json gives it.
type structField struct {
	name                string
	index               []int
	tagged              bool
	omitEmpty, omitZero bool
	quoted              bool // ",string"
}

// of is the field of rv, unless it lies in an embedded pointer that is nil.
func (f *structField) of(rv reflect.Value) (reflect.Value, bool) {
	for i, n := range f.index {
		if i > 0 && rv.Kind() == reflect.Pointer {
			if rv.IsNil() {
				return reflect.Value{}, false
			}
			rv = rv.Elem()
		}
		rv = rv.Field(n)
	}
	return rv, true
}

// leftOut tells whether omitempty or omitzero leave the value out.
func (f *structField) leftOut(rv reflect.Value) bool {
	return (f.omitEmpty && isEmpty(rv)) || (f.omitZero && isZero(rv))
}

func isEmpty(rv reflect.Value) bool {
	switch rv.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return rv.Len() == 0
	case reflect.Struct:
		return false
	}
	return rv.IsZero()
}

func isZero(rv reflect.Value) bool {
	type zeroer interface{ IsZero() bool }
	if nilable(rv.Kind()) && rv.IsNil() {
		return true
	}
	if z, ok := rv.Interface().(zeroer); ok {
		return z.IsZero()
	}
	if rv.CanAddr() {
		if z, ok := rv.Addr().Interface().(zeroer); ok {
			return z.IsZero()
		}
	}
	return rv.IsZero()
}

var structs sync.Map // of reflect.Type to []structField

// fieldsOf are the fields of a struct that encoding/json writes and reads, in their order.
func fieldsOf(t reflect.Type) []structField {
	if f, ok := structs.Load(t); ok {
		return f.([]structField)
	}
	f, _ := structs.LoadOrStore(t, visible(candidates(t)))
	return f.([]structField)
}

// level is a struct embedded at some depth; twice if the same type is embedded twice there.
type level struct {
	typ   reflect.Type
	index []int
}

// candidates are all fields, also those that others hide, from the outermost inwards.
func candidates(t reflect.Type) (all []structField) {
	seen := map[reflect.Type]bool{}
	for at := []level{{typ: t}}; len(at) > 0; {
		var next []level
		for _, l := range at {
			if seen[l.typ] {
				continue
			}
			for i := range l.typ.NumField() {
				f, embedded := fieldOf(l.typ.Field(i), append(slices.Clone(l.index), i))
				switch {
				case embedded != nil:
					next = append(next, level{embedded, f.index})
				case f.name != "":
					all = append(all, f)
				}
			}
		}
		for _, l := range at {
			seen[l.typ] = true
		}
		at = next
	}
	return all
}

// fieldOf is the field, or the type of the struct that it embeds; neither if the field is not for
// others to see.
func fieldOf(sf reflect.StructField, index []int) (f structField, embedded reflect.Type) {
	t := sf.Type
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	if !sf.IsExported() && (!sf.Anonymous || t.Kind() != reflect.Struct) {
		return f, nil
	}
	tag := sf.Tag.Get("json")
	if tag == "-" {
		return f, nil
	}
	name, options, _ := strings.Cut(tag, ",")
	if !validName(name) {
		name = ""
	}
	f = structField{name: name, index: index, tagged: name != ""}
	if name == "" {
		if sf.Anonymous && t.Kind() == reflect.Struct && !standsAlone(t) {
			return f, t
		}
		f.name = sf.Name
	}
	for option := range strings.SplitSeq(options, ",") {
		f.omitEmpty = f.omitEmpty || option == "omitempty"
		f.omitZero = f.omitZero || option == "omitzero"
		f.quoted = f.quoted || (option == "string" && scalar(t.Kind()))
	}
	return f, nil
}

// standsAlone tells whether an embedded struct is one value of Python's rather than some fields.
func standsAlone(t reflect.Type) bool {
	switch reflect.Zero(t).Interface().(type) {
	case Value, Datetime, Date, Time, Dict, Instance:
		return true
	}
	return false
}

func scalar(k reflect.Kind) bool {
	return k == reflect.Bool || k == reflect.String || (k >= reflect.Int && k <= reflect.Float64)
}

func validName(s string) bool {
	for _, r := range s {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return true
}

// visible drops the fields that others hide: of one name the outermost counts, of several at one
// depth the tagged one, and none if that leaves more than one.
func visible(all []structField) (fields []structField) {
	byName := map[string][]structField{}
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	for _, same := range byName {
		slices.SortFunc(same, rank)
		if len(same) == 1 || rank(same[0], same[1]) != 0 {
			fields = append(fields, same[0])
		}
	}
	slices.SortFunc(fields, func(a, b structField) int { return slices.Compare(a.index, b.index) })
	return fields
}

func rank(a, b structField) int {
	tagged := func(f structField) int {
		if f.tagged {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(len(a.index), len(b.index)), cmp.Compare(tagged(a), tagged(b)))
}
