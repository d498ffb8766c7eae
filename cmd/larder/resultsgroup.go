package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/larder-go/larder/celery"
)

type resultsGroupCmd struct {
	ID string `arg:"" name:"id" help:"The group's id."`
}

func (resultsGroupCmd) Help() string {
	return `Prints a line for each task of a saved group, in the group's order, as list does, with - where nothing is stored, and how many are
done. Celery saves groups with GroupResult.save(), and those of chords on Memcached.

Exit status: 1 if no such group is saved. With --json it is one object with the members group_id, done, size, and tasks: objects with
the members task_id and status (null if nothing is stored), or error.

Example:

    larder results group 0b6b9a4c-5df4-4a54-8f5e-7f0e7a4f6f0d --url redis://localhost/1`
}

// Run is called by kong.
func (cmd resultsGroupCmd) Run(a *app, results *resultsCmd) error {
	return results.use(a, "group", func(r *celery.Results) error {
		var tasks taskList
		err := a.call(func(ctx context.Context) error {
			group, found, err := r.RestoreGroup(ctx, cmd.ID)
			switch {
			case err != nil:
				return unreadable(err)
			case !found:
				a.note("no group is saved under this id, which is the group's own, or that of a chord's header, as group_id in the results of its tasks")
				return errNo
			}
			tasks, err = tasksOf(ctx, r, group.Tasks())
			return err
		})
		switch {
		case err != nil:
			return err
		case a.JSON:
			name, id := idMember("group_id", cmd.ID)
			fmt.Fprintf(a.out, "%s\n", object(name, id, "done", tasks.done(), "size", len(tasks), "tasks", tasks.objects()))
		default:
			tasks.print(a)
			fmt.Fprintf(a.out, "done: %d of %d\n", tasks.done(), len(tasks))
		}
		return nil
	})
}

// taskList is tasks with what is stored of them.
type taskList []celery.Change

func tasksOf(ctx context.Context, r *celery.Results, ids []string) (taskList, error) {
	metas, err := r.Results(ctx, ids)
	failed, some := isIDErrors(err)
	if err != nil && !some {
		return nil, err
	}
	tasks := make(taskList, len(ids))
	for i, id := range ids {
		tasks[i] = celery.Change{ID: id, Meta: metas[i], Err: failed[id]}
	}
	return tasks, nil
}

func isDone(t celery.Change) bool { return t.Meta != nil && t.Meta.Status.Ready() }

func (tasks taskList) done() (n int) {
	for _, t := range tasks {
		if isDone(t) {
			n++
		}
	}
	return n
}

func (tasks taskList) print(a *app) {
	for _, t := range tasks {
		fmt.Fprintln(a.out, taskRow(t))
	}
}

// objects is the tasks as a JSON list.
func (tasks taskList) objects() number {
	all := make([]string, len(tasks))
	for i, t := range tasks {
		name, id := idMember("task_id", t.ID)
		if t.Err != nil {
			all[i] = string(object(name, id, "error", readErrorText(t.Err)))
			continue
		}
		all[i] = string(object(name, id, "status", stateOrNil(t.Meta)))
	}
	return number("[" + strings.Join(all, ",") + "]")
}
