package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/larder-go/larder/celery"
)

type resultsTreeCmd struct {
	ID string `arg:"" name:"id" help:"The id of a task, or of a saved group."`
}

func (resultsTreeCmd) Help() string {
	return `Draws a task, or a saved group, with what it has started: id, state, name and value of each child, its children and so on. A
task that stands in the tree twice, as one that was retried and is its own child, is drawn once with what came out of it. At most 100
generations and 100,000 tasks are followed, and what is left out is said.

Exit status: 1 if nothing is stored of the id, 2 if it cannot be read. With --json it is one object with the members task_id, status, name,
children, or group_id and children; error, repeated and cut where they are so.

Example:

    larder results tree 3f0a2f4e-6f4e-4c3b-9a5e-6d0d8a6f7c11 --url redis://localhost/1`
}

// Run is called by kong.
func (cmd resultsTreeCmd) Run(a *app, results *resultsCmd) error {
	return results.use(a, "tree", func(r *celery.Results) error {
		t, err := a.tree(r, cmd.ID)
		switch {
		case err != nil:
			return err
		case a.JSON:
			fmt.Fprintf(a.out, "%s\n", treeObject(t))
		default:
			d := drawer{a: a}
			d.draw(t, "", "")
		}
		return nil
	})
}

// tree reads the tree of a task, or else of a saved group. errNo: there is neither.
func (a *app) tree(r *celery.Results, id string) (t *celery.Tree, err error) {
	err = a.call(func(ctx context.Context) (err error) {
		t, err = r.Tree(ctx, id)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case t.Err != nil:
		return nil, unreadable(t.Err)
	case t.Meta.Known():
		return t, nil
	}
	err = a.call(func(ctx context.Context) error {
		group, found, err := r.RestoreGroup(ctx, id)
		if err == nil && !found {
			a.note("nothing is stored of a task or a saved group of this id")
			return errNo
		}
		if err == nil {
			t, err = r.TreeOf(ctx, group)
		}
		return err
	})
	return t, err
}

// drawer draws trees.
type drawer struct{ a *app }

// draw draws t behind lead, and what is below it behind indent.
func (d drawer) draw(t *celery.Tree, lead, indent string) {
	fmt.Fprintln(d.a.out, lead+treeLine(t))
	for i, child := range t.Nodes {
		if i == len(t.Nodes)-1 && !t.Cut {
			d.draw(child, indent+"└── ", indent+"    ")
			continue
		}
		d.draw(child, indent+"├── ", indent+"│   ")
	}
	if t.Cut {
		fmt.Fprintln(d.a.out, indent+"└── … (more are left out)")
	}
}

func treeLine(t *celery.Tree) string {
	id := escapeKey(t.ID)
	switch {
	case t.Group:
		return fmt.Sprintf("%s  group of %d", id, len(t.Nodes))
	case t.Repeated:
		return id + "  (again)"
	case t.Err != nil:
		return id + "  unreadable  " + readErrorText(t.Err)
	}
	return strings.TrimRight(fmt.Sprintf("%s  %s  %s", id, stateText(t.Meta), metaText(t.Meta)), " ")
}

func treeObject(t *celery.Tree) []byte {
	kind := "task_id"
	if t.Group {
		kind = "group_id"
	}
	name, id := idMember(kind, t.ID)
	pairs := []any{name, id}
	switch {
	case t.Err != nil:
		pairs = append(pairs, "error", readErrorText(t.Err))
	case t.Meta != nil:
		pairs = append(pairs, "status", stateOrNil(t.Meta))
		if t.Meta.Name != "" {
			pairs = append(pairs, "name", t.Meta.Name)
		}
	}
	if t.Repeated {
		pairs = append(pairs, "repeated", true)
	}
	children := make([]string, len(t.Nodes))
	for i, child := range t.Nodes {
		children[i] = string(treeObject(child))
	}
	pairs = append(pairs, "children", number("["+strings.Join(children, ",")+"]"))
	if t.Cut {
		pairs = append(pairs, "cut", true)
	}
	return object(pairs...)
}

// stateOrNil is null for a task of which nothing is stored.
func stateOrNil(m *celery.Meta) any {
	if !m.Known() {
		return nil
	}
	return string(m.Status)
}

// isIDErrors takes the failures of single tasks out of an error.
func isIDErrors(err error) (failed celery.IDErrors, ok bool) {
	ok = errors.As(err, &failed)
	return failed, ok
}
