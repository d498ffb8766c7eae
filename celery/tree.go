package celery

import (
	"context"
	"errors"
)

// The bounds of [Results.Tree] and [Results.Parents]: what a task's children are is up to whoever
// can write results.
const (
	// MaxTreeDepth is how many generations are followed.
	MaxTreeDepth = 100
	// MaxTreeSize is how many tasks and groups a tree has at most.
	MaxTreeSize = 100_000
)

// Tree is a task, or a group, with what came out of it.
type Tree struct {
	ID string
	// Group: it is a group. Its Nodes are its parts; it has no Meta.
	Group bool
	// Meta is what is stored of the task; PENDING if nothing is. It is nil for a group, and after an error.
	Meta *Meta
	// Err is why the task cannot be read.
	Err error
	// Repeated: it stands elsewhere in the tree too, and what came out of it is there: a task that was
	// retried is its own child.
	Repeated bool
	// Cut: what came out of it is not shown, because the tree would be too deep or too large.
	Cut bool
	// Nodes are what came out of it: the tasks and groups that it has started.
	Nodes []*Tree
}

// Tree reads a task, its children, their children and so on, in one round trip for each generation and
// server. A task that cannot be read is a Tree with that error. An error means that nothing is known.
func (r *Results) Tree(ctx context.Context, id string) (*Tree, error) {
	return r.TreeOf(ctx, Task(id))
}

// TreeOf is Tree for a task or group, say one that RestoreGroup has returned.
func (r *Results) TreeOf(ctx context.Context, n Node) (*Tree, error) {
	g := grower{results: r, seen: map[string]bool{}}
	root := g.plant(n)
	for depth := 0; len(g.tasks) > 0; depth++ {
		if err := g.grow(ctx, depth < MaxTreeDepth); err != nil {
			return nil, r.fail("tree", n.ID, err)
		}
	}
	return root, nil
}

// grower grows a tree, generation by generation.
type grower struct {
	results *Results
	seen    map[string]bool // ids of tasks
	size    int
	tasks   []*Tree // whose metas have not been read
}

// plant makes the tree of n, with its parts if it is a group.
func (g *grower) plant(n Node) *Tree {
	g.size++
	t := &Tree{ID: n.ID, Group: n.Group}
	switch {
	case n.Group:
		t.Nodes, t.Cut = g.plantAll(n.Nodes)
	case g.seen[n.ID]:
		t.Repeated = true
	default:
		g.seen[n.ID] = true
		g.tasks = append(g.tasks, t)
	}
	return t
}

// plantAll tells too whether there was no room for some.
func (g *grower) plantAll(nodes []Node) (trees []*Tree, cut bool) {
	for _, n := range nodes {
		if g.size >= MaxTreeSize {
			return trees, true
		}
		trees = append(trees, g.plant(n))
	}
	return trees, false
}

// grow reads the tasks that are left, and plants their children if there may be another generation.
func (g *grower) grow(ctx context.Context, further bool) error {
	tasks := g.tasks
	g.tasks = nil
	ids := make([]string, len(tasks))
	for i, t := range tasks {
		ids[i] = t.ID
	}
	metas, err := g.results.Results(ctx, ids)
	var failed IDErrors
	if err != nil && !errors.As(err, &failed) {
		return err
	}
	for i, t := range tasks {
		t.Meta, t.Err = metas[i], failed[t.ID]
		switch {
		case t.Meta == nil:
		case further:
			t.Nodes, t.Cut = g.plantAll(t.Meta.Children)
		default:
			t.Cut = len(t.Meta.Children) > 0
		}
	}
	return nil
}

// Parents are the tasks that a task comes from, the nearest first: its parent, that one's parent and so on,
// in one round trip for each. They end where none is known, before one that is among them already, and after
// MaxTreeDepth. If one cannot be read they end with that error.
func (r *Results) Parents(ctx context.Context, id string) ([]*Meta, error) {
	m, err := r.Result(ctx, id)
	if err != nil {
		return nil, r.fail("parents", id, err)
	}
	var parents []*Meta
	seen := map[string]bool{id: true, "": true}
	for parent := m.ParentID; !seen[parent] && len(parents) < MaxTreeDepth; parent = m.ParentID {
		seen[parent] = true
		if m, err = r.Result(ctx, parent); err != nil {
			return parents, r.fail("parents", parent, err)
		}
		parents = append(parents, m)
	}
	return parents, nil
}
