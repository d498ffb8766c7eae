package py

import (
	"fmt"
	"slices"
	"strings"
)

// fieldList collects fields, each name once.
type fieldList struct {
	all   Fields
	place map[string]int // of each name, from the moment there are more than fieldsUpTo
}

// fieldsUpTo is how many fields are looked through one by one: what Celery stores has no more.
const fieldsUpTo = 16

// add adds an item, or replaces the value of the one that has the name.
func (l *fieldList) add(name string, v Value) {
	if i := l.find(name); i >= 0 {
		l.all[i].Value = v
		return
	}
	l.all = append(l.all, Field{name, v})
	switch {
	case l.place != nil:
		l.place[name] = len(l.all) - 1
	case len(l.all) > fieldsUpTo:
		l.place = make(map[string]int, 2*len(l.all))
		for i := range l.all {
			l.place[l.all[i].Name] = i
		}
	}
}

// find is the place of a name, -1 if there is none.
func (l *fieldList) find(name string) int {
	if l.place != nil {
		if i, ok := l.place[name]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(l.all, func(f Field) bool { return f.Name == name })
}

// items splits the checked text of v, if it is an array.
func (sc *scanner) items(v Value) ([]Value, error) {
	if !sc.at('[') {
		return nil, mismatchText(v.text, "a list")
	}
	var items []Value
	err := sc.each('[', ']', 0, func() error {
		start := sc.pos
		if err := sc.value(1); err != nil {
			return err
		}
		items = append(items, Value{text: sc.s[start:sc.pos], compat: v.compat})
		return nil
	})
	return slices.Clip(items), err
}

// kindOf names what a JSON text holds, as Python does.
func kindOf(text string) string {
	switch text[0] {
	case '{':
		return "dict"
	case '[':
		return "list"
	case '"':
		return "str"
	case 'n':
		return "None"
	case 't', 'f':
		return "bool"
	}
	if strings.ContainsAny(text, ".eENI") {
		return "float"
	}
	return "int"
}

func mismatchText(text, want string) error {
	return fmt.Errorf("%w: %s where %s should be", ErrMismatch, kindOf(text), want)
}

func mismatch(node any, want string) error {
	if v, ok := node.(Value); ok && v.text != "" {
		return mismatchText(v.text, want)
	}
	return fmt.Errorf("%w: %s where %s should be", ErrMismatch, typeName(node), want)
}
