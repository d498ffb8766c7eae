package main

type touchCmd struct {
	Key string `arg:"" help:"The key."`
}

func (touchCmd) Help() string {
	return `Prints nothing. The lifetime counts from now on; without --ttl it is the URL's ttl, or else the entry does
not expire any more. The exit status is 1 if there is no such entry.

Example:

    larder touch session:7 --ttl 30m`
}

// Run is called by kong.
func (cmd touchCmd) Run(a *app) error {
	return a.use(func(c *client) error {
		ok, err := c.values.Touch(a.ctx, cmd.Key, a.ttl()...)
		if err != nil {
			return err
		}
		a.answer("", "touched", ok)
		return no(ok)
	})
}
