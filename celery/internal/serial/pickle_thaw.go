package serial

import "github.com/larder-go/larder/celery/py"

// thawer makes the tree of what a pickle has built. What stands in several places is one value
// there too; but its size counts each time, as whoever copies the tree copies it each time.
type thawer struct {
	left budget
	text budget
	done map[any]thawed // by the reference that the pickle's stack has
}

type thawed struct {
	node any
	size int // 0 while it is being made
	text int
}

// node returns what is wrong, if anything is.
func (t *thawer) node(node any, depth int) (any, string) {
	if depth >= maxDepth {
		return nil, "nested too deeply"
	}
	if !t.left.take(nodeBytes) || !t.text.take(textIn(node)) {
		return nil, tooMuch
	}
	switch node.(type) {
	case *sequence, *mapping, *instance:
		return t.shared(node, depth)
	case timedelta:
		return nil, "a timedelta, which is no plain value"
	case timezone:
		return nil, "a timezone, which is no plain value"
	}
	return node, ""
}

// shared makes what may stand in several places, once.
func (t *thawer) shared(ref any, depth int) (any, string) {
	if was, ok := t.done[ref]; ok {
		if was.size == 0 {
			return nil, "it holds itself"
		}
		if !t.left.take(was.size) || !t.text.take(was.text) {
			return nil, tooMuch
		}
		return was.node, ""
	}
	t.done[ref] = thawed{}
	left, text := t.left, t.text
	node, what := t.fresh(ref, depth)
	t.done[ref] = thawed{node, int(left-t.left) + nodeBytes, int(text - t.text)}
	return node, what
}

func (t *thawer) fresh(ref any, depth int) (any, string) {
	switch n := ref.(type) {
	case *mapping:
		return t.mapping(n, depth)
	case *instance:
		return t.instance(n, depth)
	case *sequence:
		return t.sequence(n, depth)
	}
	return nil, ""
}

func (t *thawer) sequence(n *sequence, depth int) (any, string) {
	elems := make([]any, 0, len(n.elems))
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
	if !t.text.take(textIn(n.class)) {
		return nil, tooMuch
	}
	args, what := t.sequence(n.args, depth)
	if what != "" {
		return nil, what
	}
	state, what := t.node(n.state, depth+1)
	return &py.Instance{Module: n.class.Module, Name: n.class.Name, Args: args.(py.Tuple), State: state}, what
}
