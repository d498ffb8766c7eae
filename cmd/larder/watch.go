package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/larder-go/larder"
)

type watchCmd struct {
	Prefix string `arg:"" optional:"" help:"Only keys that begin with this text."`
	Limit  *int   `placeholder:"N" help:"End after so many changes."`
	All    bool   `help:"All keys of the database as the engine has them, whatever their key prefix and version."`
}

func (watchCmd) Help() string {
	return `Prints the key of each entry that is written, deleted, evicted or expires, by whatever program, a line each as
keys does, until it is interrupted (which is exit status 0). One change may be told more than once.

The line \gap, which no key looks like, says that changes before it may have been missed: the connection was
lost, everything was removed at once, or there were too many changes. With --json each line is an object with the member key
(key_base64 if the key is not UTF-8), or {"gap":true}: the first line is one, from which on everything is told, and a
lost connection gives one when it is lost and another when there is a new one.

The engine has to be Redis 6 or Valkey, with the right to CLIENT TRACKING.

Examples:

    larder watch user: --url redis://localhost
    larder watch --all --json | jq -r 'select(.key).key'`
}

// Run is called by kong.
func (cmd watchCmd) Run(a *app) error {
	limit, err := a.limit(cmd.Limit)
	if err != nil {
		return err
	}
	if err := a.useAllKeys(cmd.All); err != nil {
		return err
	}
	return a.useExisting(func(c *client) error {
		err := a.printChanges(c, cmd.Prefix, limit)
		switch {
		case a.ctx.Err() != nil && errors.Is(err, context.Canceled):
			return nil
		case errors.Is(err, errors.ErrUnsupported):
			return fmt.Errorf("%w (redis:// can tell of changes, from version 6 on)", err)
		}
		return err
	})
}

// printChanges prints each line at once.
func (a *app) printChanges(c *client, prefix string, limit int) error {
	keys := 0
	told := !a.JSON // of a gap, and of nothing since: a person need not read that twice, nor that nothing was told before the start
	for change, err := range larder.Of[any](c.Cache, prefix).Watch(a.ctx) {
		if err != nil {
			return err
		}
		if change.Gap && told {
			continue
		}
		told = change.Gap && !a.JSON
		a.printChange(prefix, change)
		if err := a.out.Flush(); err != nil {
			return err
		}
		if !change.Gap {
			keys++
		}
		if keys == limit && limit > 0 {
			return nil
		}
	}
	return nil
}

func (a *app) printChange(prefix string, change larder.Change) {
	name, key := keyMember(prefix + change.Key)
	switch {
	case change.Gap && a.JSON:
		fmt.Fprintf(a.out, "%s\n", object("gap", true))
	case change.Gap:
		fmt.Fprintln(a.out, `\gap`)
	case a.JSON:
		fmt.Fprintf(a.out, "%s\n", object(name, key))
	default:
		fmt.Fprintln(a.out, escapeKey(prefix+change.Key))
	}
}
