package driver

import "context"

// Advice is what an engine says of one thing that it has looked at for a person who wonders whether all is well.
type Advice struct {
	// Subject is what was looked at, in a few words: "memory policy".
	Subject string
	// Fine: there is nothing to do.
	Fine bool
	// Text says what is the case and, unless it is fine, what follows from it and what to do. One line, without passwords.
	Text string
}

// Advisor looks at how the server is set up.
type Advisor interface {
	// Advise makes some round trips, reads only, and gives an Advice for each thing that it has looked at, the fine ones
	// too, always in the same order. What the server refuses to tell is an Advice that says so. An error means that the server
	// cannot be reached.
	Advise(ctx context.Context) ([]Advice, error)
}
