package main

import (
	"context"
	"errors"
	"fmt"
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
is over, or a result cannot be read.

Example:

    larder results wait 3f0a2f4e-6f4e-4c3b-9a5e-6d0d8a6f7c11 --for 10m --url redis://localhost/1 && ./next`
}

// Run is called by kong.
func (cmd resultsWaitCmd) Run(a *app, results *resultsCmd) error {
	return results.use(a, func(r *celery.Results) error {
		ctx, cancel := a.ctx, context.CancelFunc(func() {})
		if cmd.For > 0 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(cmd.For))
		}
		defer cancel()
		w := waiting{a: a, all: len(distinct(cmd.IDs))}
		for m, err := range r.Join(ctx, cmd.IDs) {
			if err := w.hear(m, err); err != nil {
				if ctx.Err() != nil && a.ctx.Err() == nil {
					return fmt.Errorf("results wait: %d of %d tasks are done after %v", w.done, w.all, time.Duration(cmd.For))
				}
				return err
			}
		}
		return w.end()
	})
}

// waiting counts tasks that are done.
type waiting struct {
	a                 *app
	all, done, failed int
}

// hear prints what Join yields of a task.
func (w *waiting) hear(m *celery.Meta, err error) error {
	var read *celery.ReadError
	switch {
	case errors.As(err, &read):
		return w.a.printResult(celery.Change{ID: read.ID, Err: err})
	case err != nil:
		return err
	}
	w.done++
	if m.Err() != nil {
		w.failed++
	}
	return w.a.printResult(celery.Change{ID: m.TaskID, Meta: m})
}

func (w *waiting) end() error {
	if n := w.all - w.done; n > 0 {
		return fmt.Errorf("results wait: %d of %d tasks cannot be read", n, w.all)
	}
	return no(w.failed == 0)
}

// distinct is ids without repetitions.
func distinct(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}
