package serial

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery/py"
)

// fuzz checks what holds for every decoder: no panic, an error with an offset within the input, and
// a value that is the same once it has been written and read again.
func fuzz(f *testing.F, format string) {
	s := must(ByName(format))
	for _, c := range captures(f) {
		if c.Serializer == format && c.Compat == "5.6" {
			f.Add(c.Value)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		given := bytes.Clone(data)
		v, err := s.Decode(data)
		fields, failed := s.Fields(data)
		if !bytes.Equal(data, given) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			checkMalformed(t, err, len(data))
			return
		}
		if failed == nil {
			checkFields(t, v, fields)
		} else {
			checkMalformed(t, failed, len(data))
		}
		written, err := s.Encode(v, py.Celery56)
		if err != nil {
			if !errors.Is(err, py.ErrUnencodable) {
				t.Fatal(err)
			}
			return
		}
		again, err := s.Decode(written)
		if err != nil {
			if !oneWay(format, v.Repr()) {
				t.Fatalf("%q became %q: %v", data, written, err)
			}
			return
		}
		if again.Repr() != inOrder(format, v) {
			t.Fatalf("%s became %s by %q", v, again, written)
		}
		twice, err := s.Encode(again, py.Celery56)
		if err != nil || !bytes.Equal(twice, written) {
			t.Fatalf("%q, then %q, %v", written, twice, err)
		}
	})
}

func checkMalformed(t *testing.T, err error, n int) {
	t.Helper()
	var m *py.MalformedError
	if !errors.As(err, &m) || m.Offset < 0 || m.Offset > n {
		t.Fatalf("%d bytes: %v", n, err)
	}
}

func checkFields(t *testing.T, v py.Value, fields Fields) {
	t.Helper()
	d := py.NewDict()
	for _, f := range fields {
		node, err := f.Value.Any()
		if err != nil {
			if !strings.Contains(err.Error(), "digits") {
				t.Fatal(err)
			}
			return
		}
		d.Set(f.Name, node)
	}
	if len(fields) != d.Len() || py.FromTree(d).Repr() != v.Repr() {
		t.Fatalf("%s has the fields %s", v, py.FromTree(d))
	}
}

// oneWay tells whether a value may be written in a form that cannot be read again, as with PyYAML:
// tuples as keys.
func oneWay(format, repr string) bool { return format == "yaml" && strings.Contains(repr, "(") }

// inOrder is the repr of a value as it is after the serializer has written it: yaml sorts, and has
// lists for tuples.
func inOrder(format string, v py.Value) string {
	if format != "yaml" {
		return v.Repr()
	}
	node, err := v.Any()
	if err != nil {
		return v.Repr()
	}
	return py.FromTree(sortedTree(node)).Repr()
}

func sortedTree(node any) any {
	switch n := node.(type) {
	case py.List:
		for i := range n {
			n[i] = sortedTree(n[i])
		}
	case py.Tuple:
		return sortedTree(py.List(n))
	case py.Set:
		items := make([]py.Item, len(n))
		for i := range n {
			items[i].Key = n[i]
		}
		set := py.Set{}
		for _, it := range sorted(py.NewDict(items...).Items()) {
			set = append(set, it.Key)
		}
		return set
	case *py.Dict:
		d := py.NewDict()
		for _, it := range sorted(n.Items()) {
			d.Set(it.Key, sortedTree(it.Value))
		}
		return d
	}
	return node
}

func FuzzJSON(f *testing.F)    { fuzz(f, "json") }
func FuzzYAML(f *testing.F)    { fuzz(f, "yaml") }
func FuzzMsgpack(f *testing.F) { fuzz(f, "msgpack") }
func FuzzPickle(f *testing.F)  { fuzz(f, "pickle") }
