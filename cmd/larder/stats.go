package main

import (
	"slices"

	"github.com/larder-go/larder/driver"
)

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
		if c.scheme == "sqlite" {
			// They would be this command's own.
			facts = slices.DeleteFunc(facts, func(f driver.Fact) bool { return f.Name == "evictions" || f.Name == "purged" })
		}
		a.answerFacts(append([]driver.Fact{{Name: "url", Value: c.url}}, facts...))
		return nil
	})
}
