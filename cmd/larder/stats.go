package main

import "github.com/larder-go/larder/driver"

type statsCmd struct{}

func (statsCmd) Help() string {
	return `Prints sizes, limits and counts, as far as the engine knows them; bytes and, with --json, seconds.

Example:

    larder stats --json | jq .entries`
}

// Run is called by kong.
func (statsCmd) Run(a *app) error {
	return a.use(func(c *client) error {
		facts, err := c.Report(a.ctx)
		if err != nil {
			return err
		}
		a.answerFacts(append([]driver.Fact{{Name: "url", Value: c.URI()}}, facts...))
		return nil
	})
}
