package py

import "strings"

// FieldReader reads the items of an object one after the other, in their order, of two with one name both.
// Nothing is allocated for it.
type FieldReader struct {
	sc     scanner
	compat Compat
	state  readerState
	list   Fields // instead of a text
	err    error
}

type readerState byte

const (
	before readerState = iota
	within
	after
)

// ReadFields reads the JSON object that text holds, as the Celery of c does. What stands behind an item has
// not been looked at yet when Next returns it.
func ReadFields(text string, c Compat) FieldReader {
	return FieldReader{sc: scanner{s: text}, compat: c}
}

// ReadList reads fields that somebody has read, unless there was an error.
func ReadList(list Fields, err error) FieldReader {
	return FieldReader{list: list, err: err, state: after}
}

// ReadFields is Fields without a list.
func (v Value) ReadFields() FieldReader {
	if v.text != "" && v.text[0] == '{' {
		return ReadFields(v.text, v.compat)
	}
	return ReadList(v.Fields())
}

// Err is why there are no more items: nil after the last one, else an error that wraps ErrMalformed, or
// ErrMismatch as Fields has it.
func (r *FieldReader) Err() error { return r.err }

// Next returns the next item. ok is false if there is none, or after an error.
func (r *FieldReader) Next() (name string, v Value, ok bool) {
	switch r.state {
	case before:
		ok = r.begin()
	case within:
		ok = r.comma()
	case after:
		return r.listed()
	}
	if !ok {
		r.state = after
		return "", Value{}, false
	}
	r.state = within
	name, err := r.sc.key()
	start := r.sc.pos
	if err == nil {
		err = r.sc.value(1)
	}
	if err != nil {
		r.state, r.err = after, err
		return "", Value{}, false
	}
	return name, Value{text: r.sc.s[start:r.sc.pos], compat: r.compat}, true
}

// begin goes on to the first item, if there is one.
func (r *FieldReader) begin() bool {
	sc := &r.sc
	sc.space()
	if !sc.at('{') {
		_, _, r.err = sc.document()
		if r.err == nil {
			sc.pos = 0
			r.err = sc.fail("%s where an object should be", kindOf(strings.TrimLeft(sc.s, " \t\r\n")))
		}
		return false
	}
	sc.pos++
	if sc.next() != '}' {
		return true
	}
	sc.pos++
	r.err = r.finish()
	return false
}

// comma goes on to the next item, if there is one.
func (r *FieldReader) comma() bool {
	sc := &r.sc
	if s, i := sc.s, sc.pos; i+2 < len(s) && s[i] == ',' && s[i+1] == ' ' && s[i+2] == '"' {
		sc.pos += 2
		return true
	}
	last, err := sc.comma('{', '}')
	if last && err == nil {
		err = r.finish()
	}
	r.err = err
	return !last && err == nil
}

// finish checks what can only be told at the end: the whole object may be a typed one.
func (r *FieldReader) finish() error {
	if err := r.sc.finish(); err != nil || !r.sc.typed || r.compat == Celery52 {
		return err
	}
	_, err := (Value{text: r.sc.s, compat: r.compat}).parse()
	return err
}

func (r *FieldReader) listed() (name string, v Value, ok bool) {
	if len(r.list) == 0 {
		return "", Value{}, false
	}
	f := r.list[0]
	r.list = r.list[1:]
	return f.Name, f.Value, true
}

// All are the items that are left, each name once: of two with one name the later one counts, at the place of
// the first.
func (r *FieldReader) All() (Fields, error) {
	list := fieldList{all: make(Fields, 0, 8)}
	for name, v, ok := r.Next(); ok; name, v, ok = r.Next() {
		list.add(name, v)
	}
	if r.err != nil {
		return nil, r.err
	}
	return list.all, nil
}
