package celery

import (
	"fmt"
	"math/big"

	"github.com/larder-go/larder/celery/py"
)

// What follows looks at values of Python as Python does, and makes some.

// plain is v in Go, nil if it cannot be read.
func plain(v py.Value) any {
	tree, err := v.Tree()
	if err != nil {
		return nil
	}
	return tree
}

// textOf is the text that v is, if it is one.
func textOf(v py.Value) (text string, ok bool) {
	text, ok = plain(v).(string)
	return text, ok
}

// str is Python's str() of a value: the text itself of a str, else the repr.
func str(v py.Value) string {
	if text, ok := textOf(v); ok {
		return text
	}
	return v.Repr()
}

// falsy tells what Python takes for false.
func falsy(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case int64:
		return v == 0
	case float64:
		return v == 0
	case *big.Int:
		return v.Sign() == 0
	case string:
		return v == ""
	case []byte:
		return len(v) == 0
	case *py.Dict:
		return v.Len() == 0
	}
	list, ok := sequence(v)
	return ok && len(list) == 0
}

// brief is v, a part of a tree, as an error shows it.
func brief(v any) string { return py.FromTree(v).ReprLimit(60) }

// sequence is the items of a list or tuple, a part of a tree.
func sequence(v any) ([]any, bool) {
	switch s := v.(type) {
	case py.List:
		return s, true
	case py.Tuple:
		return s, true
	}
	return nil, false
}

// pairs reads [[name, value], …].
func pairs(v py.Value) (py.Fields, bool) {
	items, err := v.Items()
	if err != nil {
		return nil, false
	}
	d := &py.Dict{}
	for _, item := range items {
		pair, err := item.Items()
		if err != nil || len(pair) != 2 {
			return nil, false
		}
		name, ok := textOf(pair[0])
		if !ok {
			return nil, false
		}
		d.Set(name, pair[1])
	}
	dict, err := py.Of(d)
	if err != nil {
		return nil, false
	}
	fields, err := dict.Fields()
	return fields, err == nil
}

// valuesOf is the items of a list, a part of a tree, each as a value.
func valuesOf(list []any) ([]py.Value, error) {
	values := make([]py.Value, len(list))
	for i, item := range list {
		v, err := py.Of(item)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

// listOf is the values as a list, a part of a tree.
func listOf(values []py.Value) py.List {
	list := make(py.List, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}

// valueOrText is arg in Python, or where it has no form there, its text.
func valueOrText(arg any) py.Value {
	v, err := py.Of(arg)
	if err != nil {
		v, _ = py.Of(fmt.Sprint(arg))
	}
	return v
}

// noneIfEmpty is s, or None in its place.
func noneIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}
