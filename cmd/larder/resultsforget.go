package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/larder-go/larder/celery"
)

type resultsForgetCmd struct {
	IDs   []string `arg:"" name:"id" help:"The tasks' ids."`
	Group bool     `help:"The ids are those of saved groups: forget these, and the results of their tasks."`
}

func (resultsForgetCmd) Help() string {
	return `Deletes what is stored of tasks, and prints of how many anything was. The exit status is 1 if of none. Who waits for a task that
is not done goes on waiting; a task that is done is as if it had never been known.

Examples:

    larder results forget 3f0a2f4e-6f4e-4c3b-9a5e-6d0d8a6f7c11 --url redis://localhost/1
    larder results list --older 24h --json | jq -r '.task_id // empty' | xargs -r larder results forget`
}

// Run is called by kong.
func (cmd resultsForgetCmd) Run(a *app, results *resultsCmd) error {
	return results.use(a, "forget", func(r *celery.Results) error {
		forget := a.forget
		if cmd.Group {
			forget = a.forgetGroup
		}
		n := 0
		for _, id := range cmd.IDs {
			there, err := forget(r, id)
			if err != nil {
				return fmt.Errorf("%w (%d are forgotten)", untitled(asked("forget", err)), n)
			}
			if there {
				n++
			}
		}
		a.answer(strconv.Itoa(n), "forgotten", n)
		return no(n > 0)
	})
}

func (a *app) forget(r *celery.Results, id string) (there bool, err error) {
	err = a.call(func(ctx context.Context) error {
		if there, err = r.Exists(ctx, id); err != nil {
			return err
		}
		return r.Forget(ctx, id)
	})
	return there, err
}

// forgetGroup forgets the tasks first: if that fails the group still names them.
func (a *app) forgetGroup(r *celery.Results, id string) (there bool, err error) {
	var group celery.Node
	err = a.call(func(ctx context.Context) (err error) {
		group, there, err = r.RestoreGroup(ctx, id)
		return err
	})
	if err != nil || !there {
		return false, err
	}
	for _, task := range group.Tasks() {
		if _, err := a.forget(r, task); err != nil {
			return false, err
		}
	}
	return true, a.call(func(ctx context.Context) error { return r.DeleteGroup(ctx, id) })
}
