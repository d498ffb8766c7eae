package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/larder-go/larder/celery"
)

type resultsWatchCmd struct {
	IDs    []string `arg:"" optional:"" name:"id" help:"The tasks to follow until they are done. Without any: all."`
	Prefix string   `placeholder:"P" help:"Only tasks whose ids begin with this text."`
	Limit  *int     `placeholder:"N" help:"End after so many lines."`
}

func (resultsWatchCmd) Help() string {
	return `Prints a line, as list does, whenever something is stored of a task. With ids it follows these on any engine, shows what is stored
of them first, and ends when all are done. Without, it follows every task until it is interrupted (which is exit status 0), shows too what is
deleted or expires (with - for the state), and needs Redis 6 or Valkey, with the right to CLIENT TRACKING. Of states
that follow each other quickly only the last may be shown, and one may be shown twice.

The line \gap says that changes before it may have been missed: the connection was lost, or there were too many. With --json each line is an object
with the members task_id and meta, which is what is stored, or null, or error; or {"gap":true}, as the first line is, from which on
everything is told.

Examples:

    larder results watch --url redis://localhost/1
    larder results watch --json | jq -r 'select(.meta.status == "FAILURE").task_id'
    larder results watch 3f0a2f4e-6f4e-4c3b-9a5e-6d0d8a6f7c11 --url cache+memcached://localhost/`
}

var errPrefixAndIDs = errors.New("results watch: --prefix is for all tasks: name no ids")

// Run is called by kong.
func (cmd resultsWatchCmd) Run(a *app, results *resultsCmd) error {
	limit, err := a.limit(cmd.Limit)
	switch {
	case err != nil:
		return err
	case cmd.Prefix != "" && len(cmd.IDs) > 0:
		return errPrefixAndIDs
	}
	return results.use(a, "watch", func(r *celery.Results) error {
		changes := r.Follow(a.ctx, cmd.Prefix)
		if len(cmd.IDs) > 0 {
			changes = r.Watch(a.ctx, cmd.IDs)
		}
		err := a.printResults(changes, limit)
		switch {
		case a.ctx.Err() != nil && errors.Is(err, context.Canceled):
			return nil
		case errors.Is(err, errors.ErrUnsupported):
			return fmt.Errorf("%w (redis:// tells of all tasks, from version 6 on; elsewhere name those to watch)", untitled(err))
		}
		return err
	})
}

// printResults prints each line at once.
func (a *app) printResults(changes iter.Seq2[celery.Change, error], limit int) error {
	n := 0
	told := !a.JSON // of a gap, and of nothing since
	for c, err := range changes {
		switch {
		case err != nil:
			return err
		case c.Gap && told:
			continue
		}
		told = c.Gap && !a.JSON
		if err := a.printResult(c); err != nil {
			return err
		}
		if !c.Gap {
			n++
		}
		if n == limit && limit > 0 {
			return nil
		}
	}
	return nil
}

// printResult prints a line. An id that cannot be is an error: it is the command line that is wrong, and
// not what is stored.
func (a *app) printResult(c celery.Change) error {
	switch {
	case errors.Is(c.Err, celery.ErrBadID), errors.Is(c.Err, celery.ErrBadKey):
		return c.Err
	case c.Gap && a.JSON:
		fmt.Fprintf(a.out, "%s\n", object("gap", true))
	case c.Gap:
		fmt.Fprintln(a.out, `\gap`)
	case a.JSON:
		fmt.Fprintf(a.out, "%s\n", metaObject(c))
	default:
		fmt.Fprintln(a.out, taskRow(c))
	}
	return a.out.Flush()
}
