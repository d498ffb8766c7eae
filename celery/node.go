package celery

import (
	"fmt"

	"github.com/larder-go/larder/celery/py"
)

// Node is a reference to a task's result or to a group of such, with what it came from: Celery's result
// tuple. It is what a result's children are, what is saved of a group, and what a task stores that
// returns a result.
type Node struct {
	ID string
	// Parent is the task that comes before in a chain (AsyncResult.parent), and of a chord's body the header;
	// nil if whoever has stored the reference knew of none. It is not the task that has started this one: that
	// is [Meta.ParentID].
	Parent *Node
	// Group: it is a group, which may be empty. Only groups have Nodes.
	Group bool
	Nodes []Node
}

// Task is the Node of a single task.
func Task(id string) Node { return Node{ID: id} }

// Group is the Node of a group of tasks.
func Group(id string, tasks ...string) Node {
	g := Node{ID: id, Group: true, Nodes: make([]Node, len(tasks))}
	for i, t := range tasks {
		g.Nodes[i] = Task(t)
	}
	return g
}

// NodeOf is the Node that a value stands for: Celery's result_from_tuple. So a task's result is read that has
// returned an AsyncResult or a GroupResult, which JSON, YAML and msgpack store so. A value that is no result
// tuple is ErrMalformed.
//
//	child, err := celery.NodeOf(meta.Result)
//	value, err := celery.Get[int](ctx, results, child.ID)
func NodeOf(v py.Value) (Node, error) {
	tree, err := v.Any()
	if err != nil {
		return Node{}, err
	}
	return nodeOf(tree)
}

// Tasks returns the ids of the tasks that n stands for, in order: those of a group and of the groups inside
// it, or the task itself.
func (n Node) Tasks() []string { return n.appendTasks(nil) }

func (n Node) appendTasks(ids []string) []string {
	if !n.Group {
		return append(ids, n.ID)
	}
	for _, child := range n.Nodes {
		ids = child.appendTasks(ids)
	}
	return ids
}

// tuple is the node as Python has it: ((id, parent), [node, …] or None).
func (n Node) tuple() py.Tuple {
	var parent, nodes any
	if n.Parent != nil {
		parent = n.Parent.tuple()
	}
	if n.Group {
		nodes = tuples(n.Nodes)
	}
	return py.Tuple{py.Tuple{n.ID, parent}, nodes}
}

func tuples(nodes []Node) py.List {
	list := make(py.List, len(nodes))
	for i, n := range nodes {
		list[i] = n.tuple()
	}
	return list
}

var errNode = malformed("not a result tuple")

// nodeOf reads a node from a tree, as leniently as Celery does: an id may stand without its parent.
func nodeOf(v any) (Node, error) {
	pair, ok := sequence(v)
	if !ok || len(pair) != 2 {
		return Node{}, fmt.Errorf("%w: want [[id, parent], children], have %s", errNode, brief(v))
	}
	n, err := identityOf(pair[0])
	if err != nil || pair[1] == nil {
		return n, err
	}
	n.Group = true
	n.Nodes, err = nodesOf(pair[1])
	return n, err
}

// identityOf reads [id, parent], or an id alone.
func identityOf(v any) (n Node, err error) {
	id, parent := v, any(nil)
	if pair, ok := sequence(v); ok {
		if len(pair) != 2 {
			return n, fmt.Errorf("%w: want [id, parent], have %s", errNode, brief(v))
		}
		id, parent = pair[0], pair[1]
	}
	var ok bool
	if n.ID, ok = id.(string); !ok || n.ID == "" {
		return n, fmt.Errorf("%w: the id is %s", errNode, brief(id))
	}
	if falsy(parent) {
		return n, nil
	}
	p, err := nodeOf(parent)
	n.Parent = &p
	return n, err
}

// nodesOf reads a list of nodes. It is never nil.
func nodesOf(v any) ([]Node, error) {
	list, ok := sequence(v)
	if !ok {
		return nil, fmt.Errorf("%w: want a list of them, have %s", errNode, brief(v))
	}
	nodes := make([]Node, len(list))
	for i, item := range list {
		n, err := nodeOf(item)
		if err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	return nodes, nil
}
