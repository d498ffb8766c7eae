package serial

import (
	"slices"

	"github.com/larder-go/larder/celery/py"
)

func pushEmpty(kind byte) func(*unpickler) error {
	return func(u *unpickler) error { return u.pushSequence(kind, nil) }
}

func pushMarked(kind byte) func(*unpickler) error {
	return func(u *unpickler) error {
		elems, err := u.popMarked()
		if err != nil {
			return err
		}
		return u.pushSequence(kind, slices.Clone(elems))
	}
}

func pushTuple(n int) func(*unpickler) error {
	return func(u *unpickler) error {
		if len(u.stack)-u.low() < n {
			return u.fail("the stack is empty")
		}
		elems := slices.Clone(u.stack[len(u.stack)-n:])
		u.stack = u.stack[:len(u.stack)-n]
		return u.pushSequence(opEmptyTuple, elems)
	}
}

func (u *unpickler) pushSequence(kind byte, elems []any) error {
	u.left.take(nodeBytes * (1 + len(elems)))
	return u.push(&sequence{kind, elems})
}

// appendOne appends to a list.
func (u *unpickler) appendOne() error {
	node, err := u.pop()
	if err != nil {
		return err
	}
	return u.extend(opEmptyList, []any{node})
}

// extend appends what is marked to the list or set below it.
func extend(kind byte) func(*unpickler) error {
	return func(u *unpickler) error {
		elems, err := u.popMarked()
		if err != nil {
			return err
		}
		return u.extend(kind, elems)
	}
}

func (u *unpickler) extend(kind byte, elems []any) error {
	node, err := u.top()
	if err != nil {
		return err
	}
	s, ok := node.(*sequence)
	if !ok || s.kind != kind {
		return u.fail("items for a list or set that is none")
	}
	u.left.take(nodeBytes * len(elems))
	s.elems = append(s.elems, elems...)
	return nil
}

func (u *unpickler) pushDict() error {
	u.left.take(nodeBytes)
	return u.push(&mapping{})
}

func (u *unpickler) pushMarkedDict() error {
	elems, err := u.popMarked()
	if err != nil {
		return err
	}
	pairs := slices.Clone(elems)
	if err := u.pushDict(); err != nil {
		return err
	}
	return u.setItems(pairs)
}

func (u *unpickler) setOne() error {
	value, err := u.pop()
	if err != nil {
		return err
	}
	key, err := u.pop()
	if err != nil {
		return err
	}
	return u.setItems([]any{key, value})
}

func (u *unpickler) setMany() error {
	elems, err := u.popMarked()
	if err != nil {
		return err
	}
	return u.setItems(elems)
}

func (u *unpickler) setItems(pairs []any) error {
	node, err := u.top()
	if err != nil {
		return err
	}
	m, ok := node.(*mapping)
	if !ok || len(pairs)%2 != 0 {
		return u.fail("items for a dict that is none, or a key without a value")
	}
	u.left.take(nodeBytes * len(pairs))
	for i := 0; i < len(pairs); i += 2 {
		m.items = append(m.items, py.Item{Key: pairs[i], Value: pairs[i+1]})
	}
	return nil
}

// thawer makes the tree of what a pickle has built. What stands in several places is copied into
// each, so that both its size and its depth have to be watched.
type thawer struct{ left budget }

// node returns what is wrong, if anything is.
func (t *thawer) node(node any, depth int) (any, string) {
	if depth >= maxDepth {
		return nil, "nested too deeply, or within itself"
	}
	if !t.left.take(nodeBytes) {
		return nil, "it would take too much memory"
	}
	switch n := node.(type) {
	case *sequence:
		return t.sequence(n, depth)
	case *mapping:
		return t.mapping(n, depth)
	case *instance:
		return t.instance(n, depth)
	case timedelta:
		return nil, "a timedelta, which is no plain value"
	case timezone:
		return nil, "a timezone, which is no plain value"
	}
	return node, ""
}

func (t *thawer) sequence(n *sequence, depth int) (any, string) {
	elems := make([]any, 0, min(len(n.elems), int(t.left)/nodeBytes+1))
	for _, e := range n.elems {
		node, what := t.node(e, depth+1)
		if what != "" {
			return nil, what
		}
		elems = append(elems, node)
	}
	switch n.kind {
	case opEmptyTuple:
		return py.Tuple(elems), ""
	case opEmptySet:
		return py.Set(elems), hashable(elems)
	}
	return py.List(elems), ""
}

func hashable(keys []any) string {
	for _, k := range keys {
		if !py.Hashable(k) {
			return "a key or member that cannot be one"
		}
	}
	return ""
}

func (t *thawer) mapping(n *mapping, depth int) (any, string) {
	d := py.NewDict()
	for _, it := range n.items {
		key, what := t.node(it.Key, depth+1)
		if what == "" {
			what = hashable([]any{key})
		}
		if what != "" {
			return nil, what
		}
		value, what := t.node(it.Value, depth+1)
		if what != "" {
			return nil, what
		}
		d.Set(key, value)
	}
	return d, ""
}

func (t *thawer) instance(n *instance, depth int) (any, string) {
	if n.class == uuidClass {
		return uuidOf(n.state)
	}
	args, what := t.sequence(n.args, depth)
	if what != "" {
		return nil, what
	}
	state, what := t.node(n.state, depth+1)
	return &py.Instance{Module: n.class.Module, Name: n.class.Name, Args: args.(py.Tuple), State: state}, what
}
