package main

import "fmt"

type addCmd struct {
	Key  string `arg:"" help:"The key."`
	JSON string `arg:"" name:"json" help:"The value as JSON."`
}

func (addCmd) Help() string {
	return `Prints nothing. The exit status is 1 if the key is there already: of any number of concurrent callers exactly
one gets 0.

Example:

    larder add lock:nightly '"'$HOSTNAME'"' --ttl 1h && ./nightly`
}

// Run is called by kong.
func (cmd addCmd) Run(a *app) error {
	value, err := jsonArg(fmt.Sprintf("add %q", cmd.Key), cmd.JSON)
	if err != nil {
		return err
	}
	return a.use(func(c *client) error {
		added, err := c.values.Add(a.ctx, cmd.Key, value, a.ttl()...)
		if err != nil {
			return err
		}
		a.answer("", "added", added)
		return no(added)
	})
}
