package main

import (
	"errors"

	"github.com/larder-go/larder"
)

type ttlCmd struct {
	Key string `arg:"" help:"The key."`
}

func (ttlCmd) Help() string {
	return `Prints the remaining seconds, with milliseconds, or never. The exit status is 1 if there is no such entry.

Example:

    larder ttl session:7`
}

// Run is called by kong.
func (cmd ttlCmd) Run(a *app) error {
	return a.useExisting(func(c *client) error {
		left, expires, err := c.values.TTL(a.ctx, cmd.Key)
		switch {
		case errors.Is(err, larder.ErrMiss):
			a.answer("", "found", false)
			return errNo
		case err != nil:
			return err
		case !expires:
			a.answer("never", "found", true, "ttl", nil)
		default:
			a.answer(seconds(left), "found", true, "ttl", number(seconds(left)))
		}
		return nil
	})
}
