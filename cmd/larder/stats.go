package main

import (
	"slices"

	"github.com/larder-go/larder/driver"
)

type statsCmd struct {
	subject `embed:""`
}

func (statsCmd) Help() string {
	return `Prints sizes, limits and counts, as far as the engine knows them; bytes and, with --json, seconds.

Examples:

    larder stats redis://localhost
    larder stats --json | jq .entries`
}

// Run is called by kong.
func (cmd statsCmd) Run(a *app) error {
	if err := cmd.chosen(a); err != nil {
		return err
	}
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
