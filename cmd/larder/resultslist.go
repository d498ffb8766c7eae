package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/larder-go/larder/celery"
)

type resultsListCmd struct {
	Prefix string   `arg:"" optional:"" help:"Only ids that begin with this text."`
	State  []string `placeholder:"S" help:"Only tasks in this state, or in one of several: SUCCESS,FAILURE."`
	Name   string   `placeholder:"NAME" help:"Only tasks of this name; * stands for anything. Names are stored with result_extended only."`
	Group  string   `placeholder:"ID" help:"Only tasks of this group or chord."`
	Older  span     `placeholder:"T" help:"Only what was stored longer ago than that, 1h or 90."`
	Newer  span     `placeholder:"T" help:"Only what was stored since then."`
	Limit  *int     `placeholder:"N" help:"At most so many."`
}

func (resultsListCmd) Help() string {
	return `Prints a line for each task of which something is stored, in no particular order: id, state, when it was stored, and its
name and value as far as they fit. Any number of results is no burden: they are walked through. The engine itself looks for ids that
begin with PREFIX (SQLite by its index); for everything else each result is read.

When it was stored is the date of a task that is done. Of others the lifetime tells, if results live as long as result_expires in
--config says, or else a day; - is where nothing tells. What cannot be read is listed as unreadable, unless --state, --name or --group is given.

With --json each line is an object with the members task_id, ttl (remaining seconds, or null), bytes, and meta, which is what
is stored, or error.

Examples:

    larder results list --state FAILURE --newer 1h --config celery.yaml
    larder results list --name 'shop.*' --json | jq -r 'select(.meta.retries > 2).task_id'`
}

// Run is called by kong.
func (cmd resultsListCmd) Run(a *app, results *resultsCmd) error {
	limit, err := a.limit(cmd.Limit)
	if err != nil {
		return err
	}
	return results.use(a, "list", func(r *celery.Results) error {
		n, unseen := 0, unknownStates(cmd.State)
		for s, err := range r.List(a.ctx, cmd.filter(a)) {
			if err != nil {
				return err
			}
			line := resultRow(s.ID, s.Meta, s.Err, s.At)
			if a.JSON {
				line = string(storedObject(s))
			}
			if _, err := fmt.Fprintln(a.out, line); err != nil {
				return err
			}
			if s.Meta != nil {
				delete(unseen, s.Meta.Status)
			}
			if n++; n == limit {
				return nil
			}
		}
		a.noteUnseen(unseen)
		return nil
	})
}

func (cmd resultsListCmd) filter(a *app) celery.Filter {
	f := celery.Filter{Prefix: cmd.Prefix, Name: cmd.Name, GroupID: cmd.Group, Timeout: a.timeout}
	for _, s := range cmd.State {
		f.States = append(f.States, celery.State(s))
	}
	if cmd.Older > 0 {
		f.Before = time.Now().Add(-time.Duration(cmd.Older))
	}
	if cmd.Newer > 0 {
		f.After = time.Now().Add(-time.Duration(cmd.Newer))
	}
	return f
}

// celeryStates are those that Celery itself knows.
var celeryStates = []string{
	string(celery.Pending), string(celery.Received), string(celery.Started), string(celery.Success), string(celery.Failure), string(celery.Revoked),
	string(celery.Rejected), string(celery.Retry), string(celery.Ignored),
}

// unknownStates are those of the named states that are not Celery's: a program's own, or misspelled.
func unknownStates(names []string) map[celery.State]bool {
	unknown := map[celery.State]bool{}
	for _, name := range names {
		if !slices.Contains(celeryStates, name) {
			unknown[celery.State(name)] = true
		}
	}
	return unknown
}

// noteUnseen tells of states that nothing was found in.
func (a *app) noteUnseen(states map[celery.State]bool) {
	for _, s := range slices.Sorted(maps.Keys(states)) {
		hint := "Celery's own are " + strings.Join(celeryStates, ", ")
		for _, known := range celeryStates {
			if strings.EqualFold(known, string(s)) {
				hint = "Celery's is " + known
			}
		}
		a.note(fmt.Sprintf("--state %s: no such task was found; %s", escapeKey(string(s)), hint))
	}
}
