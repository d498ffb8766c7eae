package main

import "fmt"

type setCmd struct {
	Key  string `arg:"" help:"The key, any text; it may be empty."`
	JSON string `arg:"" name:"json" help:"The value as JSON; it is stored as it is given."`
}

func (setCmd) Help() string {
	return `Prints nothing. What is there is replaced, with its lifetime.

Example:

    larder set user:42 '{"name":"Ada"}' --ttl 10m`
}

// Run is called by kong.
func (cmd setCmd) Run(a *app) error {
	value, err := jsonArg(fmt.Sprintf("set %q", cmd.Key), cmd.JSON)
	if err != nil {
		return err
	}
	return a.use(func(c *client) error {
		if err := c.values.Set(a.ctx, cmd.Key, value, a.ttl()...); err != nil {
			return err
		}
		a.answer("", "stored", true)
		return nil
	})
}
