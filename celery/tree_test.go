package celery

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// draw is a tree in one line.
func draw(t *Tree) string {
	name := t.ID
	switch {
	case t.Err != nil:
		name += "!"
	case t.Group:
		name = "(" + name + ")"
	case t.Repeated:
		name += "…"
	case !t.Meta.Known():
		name += "?"
	}
	if t.Cut {
		name += "-"
	}
	if len(t.Nodes) == 0 {
		return name
	}
	nodes := make([]string, len(t.Nodes))
	for i, n := range t.Nodes {
		nodes[i] = draw(n)
	}
	return name + "[" + strings.Join(nodes, " ") + "]"
}

func (r *Results) started(t testing.TB, id string, children ...Node) {
	t.Helper()
	must(t, r.MarkDone(t.Context(), id, nil, &Request{Children: children}))
}

func TestTree(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		r.started(t, "root", Task("a"), Group("g", "b", "c"), Task("gone"), Task("bad"), Group("empty"))
		r.started(t, "a", Task("d"))
		r.started(t, "b", Task("a"), Task("root"))
		r.started(t, "c")
		r.started(t, "d")
		r.raw(t, "bad", `{"status": "SUCCESS", "result": 1, "children": ["kid"]}`)
		tree, err := r.Tree(t.Context(), "root")
		must(t, err)
		if got, want := draw(tree), "root[a[d] (g)[b[a… root…] c] gone? bad! (empty)]"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if !errors.Is(tree.Nodes[3].Err, ErrMalformed) {
			t.Errorf("%v", tree.Nodes[3].Err)
		}
		tree, err = r.TreeOf(t.Context(), Group("g", "c", "d"))
		must(t, err)
		if got, want := draw(tree), "(g)[c d]"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// TestTreeOfRetry: a task that was retried is its own child and its own parent.
func TestTreeOfRetry(t *testing.T) {
	r := inMemory(t)
	must(t, r.MarkRetry(t.Context(), "a", nil, &Request{Children: []Node{Task("a")}, ParentID: "a"}))
	tree, err := r.Tree(t.Context(), "a")
	must(t, err)
	if got, want := draw(tree), "a[a…]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if parents, err := r.Parents(t.Context(), "a"); err != nil || len(parents) != 0 {
		t.Errorf("%v, %v", parents, err)
	}
}

// TestTreeBounds: a tree that has no end has one.
func TestTreeBounds(t *testing.T) {
	r := inMemory(t)
	for i := range MaxTreeDepth + 5 {
		r.started(t, fmt.Sprint("deep-", i), Task(fmt.Sprint("deep-", i+1)))
	}
	tree, err := r.Tree(t.Context(), "deep-0")
	must(t, err)
	depth := 0
	for ; len(tree.Nodes) > 0; tree = tree.Nodes[0] {
		depth++
	}
	if depth != MaxTreeDepth || !tree.Cut {
		t.Errorf("%d generations, cut: %v", depth, tree.Cut)
	}

	many := Group("many", ids("x", 1000)...)
	for range 200 {
		many.Nodes = append(many.Nodes, Group("inner", ids("x", 1000)...))
	}
	tree, err = r.TreeOf(t.Context(), many)
	must(t, err)
	size, cut := weigh(tree)
	if size > MaxTreeSize || !cut {
		t.Errorf("%d tasks and groups, cut: %v", size, cut)
	}
}

func weigh(t *Tree) (size int, cut bool) {
	size, cut = 1, t.Cut
	for _, n := range t.Nodes {
		s, c := weigh(n)
		size, cut = size+s, cut || c
	}
	return size, cut
}

func TestParents(t *testing.T) {
	r := inMemory(t)
	ctx := t.Context()
	must(t, r.MarkDone(ctx, "c", nil, &Request{ParentID: "b"}))
	must(t, r.MarkDone(ctx, "b", nil, &Request{ParentID: "a"}))
	must(t, r.MarkDone(ctx, "a", nil, &Request{ParentID: "c"}))
	parents, err := r.Parents(ctx, "c")
	if err != nil || len(parents) != 2 || parents[0].TaskID != "b" || parents[1].TaskID != "a" {
		t.Errorf("%v, %v", parents, err)
	}
	must(t, r.MarkDone(ctx, "y", nil, &Request{ParentID: "x"}))
	if parents, err := r.Parents(ctx, "y"); err != nil || len(parents) != 1 || parents[0].Known() {
		t.Errorf("%v, %v", parents, err)
	}
	must(t, r.MarkDone(ctx, "w", nil, &Request{ParentID: "bad"}))
	r.raw(t, "bad", "{")
	if parents, err := r.Parents(ctx, "w"); !errors.Is(err, ErrMalformed) || len(parents) != 0 {
		t.Errorf("%v, %v", parents, err)
	}
	for i := range MaxTreeDepth + 5 {
		must(t, r.MarkDone(ctx, fmt.Sprint("p", i), nil, &Request{ParentID: fmt.Sprint("p", i+1)}))
	}
	if parents, err := r.Parents(ctx, "p0"); err != nil || len(parents) != MaxTreeDepth {
		t.Errorf("%d, %v", len(parents), err)
	}
}
