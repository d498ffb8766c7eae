package main

import "strconv"

type deleteCmd struct {
	Keys []string `arg:"" name:"key" help:"The keys."`
}

func (deleteCmd) Help() string {
	return `Prints how many were there. The exit status is 1 if none was.

Example:

    larder delete user:42 user:43`
}

// Run is called by kong.
func (cmd deleteCmd) Run(a *app) error {
	return a.useExisting(func(c *client) error {
		n, err := c.values.DeleteMany(a.ctx, cmd.Keys)
		if err != nil {
			return err
		}
		a.answer(strconv.Itoa(n), "deleted", n)
		return no(n > 0)
	})
}
