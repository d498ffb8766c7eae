package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/larder-go/larder/celery"
)

type resultsWaitCmd struct {
	IDs []string `arg:"" name:"id" help:"The tasks' ids."`
	For span     `placeholder:"T" help:"Give up after that time: 30s, 10m. Default: never."`
}

func (resultsWaitCmd) Help() string {
	return `Waits until each task is done, and prints a line for it at once, in the order in which they finish: as list does, or
with --json an object with the members task_id and meta, which is what is stored, or error.

Exit status: 0 if all have succeeded, 1 if all are done and some have failed or were revoked, 2 if that is not known: the time
is over, or a result cannot be read. When the time is over, standard error names the tasks that are missing, and of which of them nothing is stored.

Example:

    larder results wait 3f0a2f4e-6f4e-4c3b-9a5e-6d0d8a6f7c11 --for 10m --url redis://localhost/1 && ./next`
}

// Run is called by kong.
func (cmd resultsWaitCmd) Run(a *app, results *resultsCmd) error {
	return results.use(a, "wait", func(r *celery.Results) error {
		ctx, cancel := a.ctx, context.CancelFunc(func() {})
		if cmd.For > 0 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(cmd.For))
		}
		defer cancel()
		w := &waiting{a: a, ids: cmd.IDs, heard: map[string]bool{}, all: len(slices.Compact(slices.Sorted(slices.Values(cmd.IDs))))}
		for c, err := range r.Join(ctx, cmd.IDs) {
			if err == nil {
				err = w.hear(c)
			}
			switch {
			case err != nil && ctx.Err() != nil && a.ctx.Err() == nil:
				return fmt.Errorf("results wait: %d of %d tasks are done after %v; missing: %s", w.done, w.all, time.Duration(cmd.For), w.missing(r))
			case err != nil:
				return err
			}
		}
		return w.end()
	})
}

// waiting counts tasks that are done.
type waiting struct {
	a                 *app
	ids               []string
	heard             map[string]bool
	all, done, failed int
}

// hear prints what is stored of a task.
func (w *waiting) hear(c celery.Change) error {
	w.heard[c.ID] = true
	if c.Err == nil {
		w.done++
		if c.Meta.Err() != nil {
			w.failed++
		}
	}
	return w.a.printResult(c)
}

func (w *waiting) end() error {
	if n := w.all - w.done; n > 0 {
		return fmt.Errorf("results wait: %d of %d tasks cannot be read", n, w.all)
	}
	return no(w.failed == 0)
}

// namedMissing is how many of the tasks that are missing are named.
const namedMissing = 5

// missing names tasks that are not done, with the state that each is in, and says of how many nothing is
// stored: their ids may be wrong.
func (w *waiting) missing(r *celery.Results) string {
	left := w.left()
	var tasks taskList
	err := w.a.call(func(ctx context.Context) (err error) {
		tasks, err = tasksOf(ctx, r, left)
		return err
	})
	names, unknown := []string{}, 0
	for i, id := range left {
		state := ""
		switch {
		case err != nil || tasks[i].Err != nil: // then the ids have to do
		case !tasks[i].Meta.Known():
			unknown++
			state = " (nothing is stored)"
		default:
			state = " (" + stateText(tasks[i].Meta) + ")"
		}
		if i < namedMissing {
			names = append(names, escapeKey(id)+state)
		}
	}
	text := strings.Join(names, ", ")
	if more := len(left) - namedMissing; more > 0 {
		text += fmt.Sprintf(" and %d more; nothing is stored of %d", more, unknown)
	}
	return text
}

// left are the tasks of which nothing was heard, each once, in the order in which they were named.
func (w *waiting) left() (ids []string) {
	for _, id := range w.ids {
		if !w.heard[id] {
			w.heard[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}
