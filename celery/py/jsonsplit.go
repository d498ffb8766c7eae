package py

import (
	"fmt"
	"slices"
	"strings"
)

// Visitor is told of the items of an object, one by one.
type Visitor interface {
	// Visit gets an item. An error ends the visit.
	Visit(name string, v Value) error
}

// VisitJSON is FieldsFromJSON for who does not want to keep a list: v is told of the items in their order, of two with one name of
// both. The text behind an item has not been looked at yet when v is told of it.
func VisitJSON(text []byte, c Compat, v Visitor) error {
	sc := scanner{s: string(text)}
	return sc.visit(c, v)
}

// fields checks the text as an object and splits it.
func (sc *scanner) fields(c Compat) (Fields, error) {
	list := fieldList{all: make(Fields, 0, 8)}
	if err := sc.visit(c, &list); err != nil {
		return nil, err
	}
	return list.all, nil
}

// fieldList collects fields, each name once.
type fieldList struct {
	all   Fields
	place map[string]int // of each name, from the moment there are more than fieldsUpTo
}

// fieldsUpTo is how many fields are looked through one by one: what Celery stores has no more.
const fieldsUpTo = 16

// Visit adds an item, or replaces the value of the one that has the name.
func (l *fieldList) Visit(name string, v Value) error {
	if i := l.find(name); i >= 0 {
		l.all[i].Value = v
		return nil
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
	return nil
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

func (sc *scanner) visit(c Compat, v Visitor) error {
	sc.space()
	if !sc.at('{') {
		_, _, err := sc.document()
		if err == nil {
			sc.pos = 0
			err = sc.fail("%s where an object should be", kindOf(strings.TrimLeft(sc.s, " \t\r\n")))
		}
		return err
	}
	sc.pos++
	if sc.next() == '}' {
		sc.pos++
		return sc.finishObject(c)
	}
	for {
		key, err := sc.key()
		if err != nil {
			return err
		}
		start := sc.pos
		if err := sc.value(1); err != nil {
			return err
		}
		if err := v.Visit(unquote(key), Value{text: sc.s[start:sc.pos], compat: c}); err != nil {
			return err
		}
		if last, err := sc.comma('{', '}'); err != nil {
			return err
		} else if last {
			return sc.finishObject(c)
		}
	}
}

// finishObject checks what can only be told at the end: the whole object may be a typed one.
func (sc *scanner) finishObject(c Compat) error {
	if err := sc.finish(); err != nil || !sc.typed || c == Celery52 {
		return err
	}
	_, err := (Value{text: sc.s, compat: c}).parse()
	return err
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
