package main

type touchCmd struct {
	Key string `arg:"" help:"The key."`
}

func (touchCmd) Help() string {
	return `Prints nothing. The lifetime counts from now on. Without --ttl it is the URL's ttl; if the URL has none
either, the expiry is REMOVED, and the entry stays until it is deleted. The exit status is 1 if there is no such entry.

Example:

    larder touch session:7 --ttl 30m`
}

// Run is called by kong.
func (cmd touchCmd) Run(a *app) error {
	return a.useExisting(func(c *client) error {
		ok, err := c.values.Touch(a.ctx, cmd.Key, a.ttl()...)
		if err != nil {
			return err
		}
		a.answer("", "touched", ok)
		return no(ok)
	})
}
