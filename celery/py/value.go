package py

import "slices"

// Value is one Python value. It is immutable, cheap to copy and safe for concurrent use; the zero
// Value is None.
type Value struct {
	text   string // checked JSON, if the value came from there
	tree   any    // otherwise; a text Value may stand in it for any part
	compat Compat // how typed objects in text are read
}

// Field is one item of an object.
type Field struct {
	Name  string
	Value Value
}

// Fields are the items of an object, in order. A name stands in them once.
type Fields []Field

// Get returns the value under name, and whether there is one.
func (f Fields) Get(name string) (Value, bool) {
	for i := range f {
		if f[i].Name == name {
			return f[i].Value, true
		}
	}
	return Value{}, false
}

// FromJSON is the value that a JSON text holds, as [Compat] Celery56 reads it: Python's JSON, which
// knows NaN, Infinity and halves of surrogate pairs, with kombu's typed objects ({"__type__":
// "datetime", …}). Text that is not JSON, and a typed object of an unknown type, is an error that
// wraps ErrMalformed.
func FromJSON(text []byte) (Value, error) { return FromJSONAs(text, Celery56) }

// FromJSONAs is FromJSON as the Celery of c reads: Celery52 knows no typed objects, they are plain
// dicts there.
func FromJSONAs(text []byte, c Compat) (Value, error) {
	sc := scanner{s: string(text)}
	start, end, err := sc.document()
	if err != nil {
		return Value{}, err
	}
	v := Value{text: sc.s[start:end], compat: c}
	return v, sc.checkTyped(v, start)
}

// IsNone tells whether the value is None.
func (v Value) IsNone() bool {
	if v.text != "" {
		return v.text == "null"
	}
	return v.tree == nil
}

// Text is the str that the value is. ok is false if it is something else.
func (v Value) Text() (s string, ok bool) {
	if v.text == "" {
		s, ok = v.tree.(string)
		return s, ok
	}
	if v.text[0] != '"' {
		return "", false
	}
	return unquote(v.text), true
}

// JSON is the value as JSON text, in the form of kombu 5.6; text that came from JSON is returned as
// it came, byte for byte. What JSON has no form for is written as Celery would store it: an
// exception as an object with exc_type, exc_message and exc_module, anything else as its repr.
func (v Value) JSON() []byte {
	if v.text != "" {
		return []byte(v.text)
	}
	w := writer{lenient: true}
	w.value(v.tree, 0) // a lenient writer finds a form for everything
	return w.b
}

// AppendJSON appends the value as the kombu of c writes it; text that came from JSON is appended as
// it came. What kombu cannot write is an error that wraps ErrUnencodable.
func (v Value) AppendJSON(b []byte, c Compat) ([]byte, error) {
	if v.text != "" {
		return append(b, v.text...), nil
	}
	w := writer{b: b, compat: c}
	w.value(v.tree, 0)
	return w.b, w.err
}

// Any is the value as a tree of: nil, bool, int64, *big.Int (where int64 is too small), float64,
// string, []byte, List, Tuple, Set, *Dict, Datetime, Date, Time, Decimal, UUID and *Instance. The
// tree is the caller's own.
func (v Value) Any() (any, error) {
	if v.text != "" {
		return v.parse()
	}
	return clone(v.tree)
}

// Items are the elements of a list, tuple or set, each as a value of its own, with its text if the
// list came from JSON. Any other value is an error that wraps ErrMismatch.
func (v Value) Items() ([]Value, error) {
	if v.text != "" {
		sc := scanner{s: v.text}
		return sc.items(v)
	}
	elems, ok := elements(v.tree)
	if !ok {
		return nil, mismatch(v.tree, "a list")
	}
	items := make([]Value, len(elems))
	for i, e := range elems {
		items[i] = valueOf(e)
	}
	return items, nil
}

// Fields are the items of a dict whose keys are strings, each value with its text if the dict came
// from JSON. Any other value is an error that wraps ErrMismatch.
func (v Value) Fields() (Fields, error) {
	if v.text != "" {
		if v.text[0] != '{' {
			return nil, mismatchText(v.text, "a dict")
		}
		r := v.ReadFields()
		return r.All()
	}
	d, ok := v.tree.(*Dict)
	if !ok {
		return nil, mismatch(v.tree, "a dict")
	}
	fields := make(Fields, 0, d.Len())
	for _, it := range d.items {
		name, ok := it.Key.(string)
		if !ok {
			return nil, mismatch(it.Key, "a dict's name")
		}
		fields = append(fields, Field{name, valueOf(it.Value)})
	}
	return fields, nil
}

// Repr is the value as Python's repr() prints it.
func (v Value) Repr() string {
	var p printer
	p.value(v)
	return string(p.b)
}

// ReprLimit is Repr if that has at most limit bytes; else as many of its first characters as fit in them, and
// an ellipsis. It is for text that is shown: the whole repr of a value with many references to one text can
// be larger by far than what it was read from.
func (v Value) ReprLimit(limit int) string { return reprLimit(v, limit) }

// String is Repr.
func (v Value) String() string { return v.Repr() }

// node is the tree, shared: only for a look.
func (v Value) node() (any, error) {
	if v.text != "" {
		return v.parse()
	}
	return v.tree, nil
}

// valueOf is the value of a part of a tree.
func valueOf(node any) Value {
	if v, ok := node.(Value); ok {
		return v
	}
	return Value{tree: node}
}

// elements are those of a list, tuple or set.
func elements(node any) ([]any, bool) {
	switch n := node.(type) {
	case List:
		return n, true
	case Tuple:
		return n, true
	case Set:
		return n, true
	}
	return nil, false
}

// clone copies a tree, with text parsed.
func clone(node any) (any, error) {
	switch n := node.(type) {
	case Value:
		return n.Any()
	case []byte:
		return slices.Clone(n), nil
	case List:
		return cloneAll(n)
	case Tuple:
		return cloneAll(n)
	case Set:
		return cloneAll(n)
	case *Dict:
		return n.clone()
	case *Instance:
		return n.clone()
	}
	return node, nil
}

func cloneAll[S ~[]any](elems S) (any, error) {
	out := make(S, len(elems))
	for i, e := range elems {
		c, err := clone(e)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

func (d *Dict) clone() (any, error) {
	out := &Dict{items: make([]Item, 0, d.Len())}
	for _, it := range d.items {
		c, err := clone(it.Value)
		if err != nil {
			return nil, err
		}
		out.Set(it.Key, c)
	}
	return out, nil
}

func (i *Instance) clone() (any, error) {
	args, err := cloneAll(i.Args)
	if err != nil {
		return nil, err
	}
	state, err := clone(i.State)
	if err != nil {
		return nil, err
	}
	return &Instance{Module: i.Module, Name: i.Name, Args: args.(Tuple), State: state}, nil
}
