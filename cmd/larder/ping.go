package main

import (
	"time"

	"github.com/larder-go/larder/driver"
)

type pingCmd struct {
	subject `embed:""`
}

func (pingCmd) Help() string {
	return `Prints the engine, its version, and how long the round trip took.

Example:

    larder ping redis://localhost`
}

// Run is called by kong.
func (cmd pingCmd) Run(a *app) error {
	if err := cmd.chosen(a); err != nil {
		return err
	}
	return a.use(func(c *client) error {
		server, err := c.Ping(a.ctx)
		if err != nil {
			return err
		}
		a.answerFacts(append([]driver.Fact{
			{Name: "engine", Value: server.Engine},
			{Name: "version", Value: server.Version},
			{Name: "round_trip", Value: server.RoundTrip.Round(time.Microsecond)},
			{Name: "url", Value: c.url},
		}, server.Notes...))
		return nil
	})
}
