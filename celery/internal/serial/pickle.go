package serial

import "github.com/larder-go/larder/celery/py"

// pickleSerializer reads pickles of every protocol as data and writes protocol 4, both without a
// class or a function ever being looked up.
//
// The reader is our own: what libraries there are forget the order of a dict, and cannot read an
// instance with attributes.
type pickleSerializer struct{}

func (pickleSerializer) Name() string { return "pickle" }

func (pickleSerializer) Encode(v py.Value, _ py.Compat) ([]byte, error) { return pickled(v) }

// Decode refuses what would name or call anything, but for exceptions where Celery stores them: as
// the result of a task that failed.
func (pickleSerializer) Decode(data []byte) (py.Value, error) {
	node, err := unpickle(data)
	if err != nil {
		return py.Value{}, err
	}
	if name, found := misplaced(node); found {
		return py.Value{}, malformed("pickle", 0, "it holds an instance of %s, which is no plain value", name)
	}
	return py.FromTree(node), nil
}

func (s pickleSerializer) Fields(data []byte) (Fields, error) {
	v, err := s.Decode(data)
	return split("pickle", v, err)
}

func (s pickleSerializer) Read(data []byte) py.FieldReader { return py.ReadList(s.Fields(data)) }

func (s pickleSerializer) ReadText(text string) py.FieldReader { return s.Read([]byte(text)) }

func (s pickleSerializer) Join(fields Fields, c py.Compat) ([]byte, error) {
	d := py.NewDict()
	for _, f := range fields {
		d.Set(f.Name, f.Value)
	}
	return s.Encode(py.FromTree(d), c)
}

// misplaced finds an exception, or a class, that is not in the result of a task that failed.
func misplaced(node any) (name string, found bool) {
	switch n := node.(type) {
	case *py.Dict:
		if status, _ := n.Get("status"); failed(status) {
			return inDict(n, func(key any) bool { return key == "result" })
		}
	case py.List:
		if len(n) == 4 && failed(n[2]) { // a chord's entry: 1, id, state, result
			return instanceIn(n[:3])
		}
	}
	return instanceIn(node)
}

// failed tells whether the result of a task in that state is an exception.
func failed(status any) bool { return status == "FAILURE" || status == "RETRY" || status == "REVOKED" }

// inDict looks at all items but those whose value may be what it is.
func inDict(d *py.Dict, exempt func(key any) bool) (string, bool) {
	for key, value := range d.All() {
		if name, found := instanceIn(key); found {
			return name, true
		}
		if exempt != nil && exempt(key) {
			continue
		}
		if name, found := instanceIn(value); found {
			return name, true
		}
	}
	return "", false
}

// instanceIn finds an exception or a class anywhere in a tree.
func instanceIn(node any) (name string, found bool) {
	var elems []any
	switch n := node.(type) {
	case *py.Instance:
		return n.Module + "." + n.Name, true
	case py.Class:
		return n.Module + "." + n.Name, true
	case *py.Dict:
		return inDict(n, nil)
	case py.List:
		elems = n
	case py.Tuple:
		elems = n
	case py.Set:
		elems = n
	}
	for _, e := range elems {
		if name, found = instanceIn(e); found {
			return name, true
		}
	}
	return "", false
}
