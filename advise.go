package larder

import (
	"context"

	"github.com/larder-go/larder/driver"
)

// Advice is what an engine says of one thing that it has looked at. It has the fields
//
//	Subject string // what was looked at, in a few words: "memory policy"
//	Fine    bool   // there is nothing to do
//	Text    string // for a person: what is the case, and unless it is fine what follows from it and what to do. One line
type Advice = driver.Advice

// Advise looks at how the server is set up: whether it evicts, whether it can do all that this module makes use of, and so on. It
// reads only. Engines that have nothing to look at give nothing.
func (c *Cache) Advise(ctx context.Context) ([]Advice, error) {
	advice, err := c.engine.advise(ctx)
	return advice, c.fail("advise", "", err)
}
