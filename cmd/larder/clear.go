package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/larder-go/larder"
)

type clearCmd struct {
	Yes  bool `help:"Remove EVERYTHING in the engine's database, other programs' keys too."`
	Mine bool `help:"Remove what has this key prefix and version, and nothing else."`
}

func (clearCmd) Help() string {
	return `Prints how many entries that were, if the engine knows.

Examples:

    larder clear --mine --key-prefix shop
    larder clear --yes`
}

var errWhatToClear = errors.New("clear needs one of --mine, which removes what has this key prefix and version, " +
	"and --yes, which removes everything in the database, other programs' keys too")

// Run is called by kong.
func (cmd clearCmd) Run(a *app) error {
	if cmd.Yes == cmd.Mine {
		return errWhatToClear
	}
	return a.useExisting(func(c *client) error {
		remove := c.Clear
		if cmd.Mine {
			remove = func(ctx context.Context) (int, error) { return larder.Of[any](c.Cache, "").Clear(ctx) }
		}
		n, err := remove(a.ctx)
		switch {
		case err != nil:
			return err
		case n < 0:
			a.answer("", "removed", nil)
		default:
			a.answer(strconv.Itoa(n), "removed", n)
		}
		return nil
	})
}
