package py

import (
	"fmt"
	"slices"
	"strings"
)

// fields checks the text as an object and splits it.
func (sc *scanner) fields(c Compat) (Fields, error) {
	sc.space()
	if !sc.at('{') {
		_, _, err := sc.document()
		if err == nil {
			sc.pos = 0
			err = sc.fail("%s where an object should be", kindOf(strings.TrimLeft(sc.s, " \t\r\n")))
		}
		return nil, err
	}
	fields := make(Fields, 0, 8)
	err := sc.each('{', '}', 0, func() error {
		key, err := sc.key()
		if err != nil {
			return err
		}
		start := sc.pos
		if err := sc.value(1); err != nil {
			return err
		}
		fields = fields.with(unquote(key), Value{text: sc.s[start:sc.pos], compat: c})
		return nil
	})
	if err == nil {
		err = sc.finish()
	}
	if err != nil {
		return nil, err
	}
	return fields, sc.checkFields(fields, c)
}

// checkFields looks for typed objects that cannot be read: the whole object may be one too.
func (sc *scanner) checkFields(fields Fields, c Compat) error {
	if !sc.typed || c == Celery52 {
		return nil
	}
	_, err := (Value{text: sc.s, compat: c}).parse()
	return err
}

// with is f and one more, or with the value of the one that has the name replaced.
func (f Fields) with(name string, v Value) Fields {
	for i := range f {
		if f[i].Name == name {
			f[i].Value = v
			return f
		}
	}
	return append(f, Field{name, v})
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
