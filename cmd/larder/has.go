package main

type hasCmd struct {
	Key string `arg:"" help:"The key."`
}

func (hasCmd) Help() string {
	return `Prints nothing. The exit status is 0 if there is an entry, 1 if not.

Example:

    larder has lock:nightly && echo running`
}

// Run is called by kong.
func (cmd hasCmd) Run(a *app) error {
	return a.useExisting(func(c *client) error {
		ok, err := c.values.Has(a.ctx, cmd.Key)
		if err != nil {
			return err
		}
		a.answer("", "found", ok)
		return no(ok)
	})
}
