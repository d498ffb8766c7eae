package celery_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/larder-go/larder/celery"
)

// A group that Python has saved is restored and joined by Go, and deleted.
func TestGoRestoresGroups(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx := s.open(t), t.Context()
		id := s.text(t, `
result = group(add.s(i, i) for i in range(5)).delay()
result.save()
result.id`, nil)
		g, there, err := r.RestoreGroup(ctx, id)
		ok(t, err)
		equal(t, "there", there, true)
		equal(t, "tasks", len(g.Tasks()), 5)
		values, err := r.JoinGroup(ctx, g)
		ok(t, err)
		equal(t, "values", fmt.Sprint(values), "[0 2 4 6 8]")
		for _, id := range g.Tasks() {
			equal(t, "group id", s.alike(t, r, id).Group, g.ID)
		}
		ok(t, r.DeleteGroup(ctx, id))
		s.says(t, "None", "GroupResult.restore(id)", vars{"id": id})
	})
}

// A group that Go has saved is restored and joined by Python, and deleted.
func TestPythonRestoresGroups(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx := s.open(t), t.Context()
		ids := []string{newID(), newID(), newID()}
		g := celery.Group(newID(), ids...)
		g.Nodes = append(g.Nodes, celery.Group(newID(), newID(), newID())) // one inside of it
		ok(t, r.SaveGroup(ctx, g))
		got := make(chan string, 1)
		go func() {
			got <- s.try(t, "GroupResult.restore(id).get(timeout=30)", vars{"id": g.ID}).Repr
		}()
		for i, id := range g.Tasks() {
			ok(t, r.MarkDone(ctx, id, i, nil))
		}
		equal(t, "Python's get()", <-got, "[0, 1, 2, [3, 4]]")
		values, err := r.JoinGroup(ctx, g)
		ok(t, err)
		equal(t, "Go's", fmt.Sprint(values), "[0 1 2 [3, 4]]")
		s.run(t, "GroupResult.restore(id).delete()", vars{"id": g.ID})
		_, there, err := r.RestoreGroup(ctx, g.ID)
		ok(t, err)
		equal(t, "there", there, false)
	})
}

// A part that fails ends the join of both sides, with the same exception.
func TestGroupsFail(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx := s.open(t), t.Context()
		id := s.text(t, `
result = group(add.s(1, 1), fail.s("own"), add.s(2, 2)).delay()
result.save()
result.id`, nil)
		g, _, err := r.RestoreGroup(ctx, id)
		ok(t, err)
		_, err = r.JoinGroup(ctx, g)
		var failed *celery.JoinError
		var e *celery.TaskError
		if !errors.As(err, &failed) || failed.ID != g.Nodes[1].ID || !errors.As(err, &e) || e.Repr() != "OutOfStock('sku-1', 3)" {
			t.Errorf("Go: %v", err)
		}
		mine := celery.Group(newID(), newID(), newID())
		ok(t, r.SaveGroup(ctx, mine))
		ok(t, r.MarkDone(ctx, mine.Nodes[0].ID, 1, nil))
		ok(t, r.MarkFailed(ctx, mine.Nodes[1].ID, celery.Exception("tasks", "OutOfStock", "sku-2"), nil))
		s.says(t, "OutOfStock('sku-2')", "raised(lambda: GroupResult.restore(id).get(timeout=20))", vars{"id": mine.ID})
	})
}

// A chain's tasks know their parents and children, and if one fails those behind it have failed, too.
func TestGoReadsChains(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx := s.open(t), t.Context()
		var ids []string // the last first
		s.into(t, &ids, "r = (add.s(1, 2) | add.s(3) | add.s(4)).delay()\n[r.id, r.parent.id, r.parent.parent.id]", nil)
		joined(t, r, ids) // a task starts the next one before it stores its own result
		equal(t, "value", must[int](t)(celery.Get[int](ctx, r, ids[0])), 10)
		parents := must[[]*celery.Meta](t)(r.Parents(ctx, ids[0]))
		equal(t, "parents", len(parents), 2)
		equal(t, "the first", parents[1].TaskID, ids[2])
		tree := must[*celery.Tree](t)(r.Tree(ctx, ids[2]))
		equal(t, "the last", tree.Nodes[0].Nodes[0].Meta.Result.Repr(), "10")
		for _, id := range ids {
			s.alike(t, r, id)
		}
		s.into(t, &ids, "r = (add.s(1, 2) | fail.si('own') | add.s(4)).delay()\n[r.id, r.parent.id, r.parent.parent.id]", nil)
		wantRaised(t, r, ids[0], "tasks", "OutOfStock", "OutOfStock('sku-1', 3)")
		wantRaised(t, r, ids[1], "tasks", "OutOfStock", "OutOfStock('sku-1', 3)")
		s.alike(t, r, ids[0])
	})
}

// What a task has started is seen as a tree.
func TestGoReadsTrees(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx := s.open(t), t.Context()
		id := s.text(t, "spawn.delay().id", nil)
		m := must[*celery.Meta](t)(r.Wait(ctx, id))
		for _, child := range m.Children {
			for _, id := range child.Tasks() {
				must[*celery.Meta](t)(r.Wait(ctx, id))
			}
		}
		tree := must[*celery.Tree](t)(r.Tree(ctx, id))
		equal(t, "children", len(tree.Nodes), 2)
		equal(t, "the task", tree.Nodes[0].Meta.Result.Repr(), "2")
		equal(t, "the group", tree.Nodes[1].Group, true)
		equal(t, "its parts", len(tree.Nodes[1].Nodes), 2)
		equal(t, "the second", tree.Nodes[1].Nodes[1].Meta.Result.Repr(), "6")
		equal(t, "its parent", tree.Nodes[1].Nodes[1].Meta.ParentID, id)
		s.alike(t, r, id)
	})
}

// Go's results have children that Python follows.
func TestPythonReadsTrees(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx := s.open(t), t.Context()
		root, child := newID(), newID()
		g := celery.Group(newID(), newID(), newID())
		req := &celery.Request{ParentID: root}
		ok(t, r.MarkDone(ctx, root, celery.Task(child), &celery.Request{Children: []celery.Node{celery.Task(child), g}}))
		ok(t, r.MarkDone(ctx, child, 5, req))
		for i, id := range g.Tasks() {
			ok(t, r.MarkDone(ctx, id, i, req))
		}
		s.says(t, "[(0, 'r'), (1, 'c'), (1, 'g'), (2, 0), (2, 1)]", `
names = {root: "r", child: "c", group: "g"}
seen = [((0 if p is None else 1 if p.id == root else 2), names[n.id] if n.id in names else n.get()) for p, n in AsyncResult(root).iterdeps()]
sorted(seen, key=str)`, vars{"root": root, "child": child, "group": g.ID})
		s.says(t, "5", "result_from_tuple(AsyncResult(root).get()).get()", vars{"root": root})
		s.alike(t, r, root)
	})
}
