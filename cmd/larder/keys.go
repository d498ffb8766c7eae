package main

import (
	"errors"
	"fmt"
)

type keysCmd struct {
	Prefix string `arg:"" optional:"" help:"Only keys that begin with this text."`
	Limit  *int   `placeholder:"N" help:"At most so many."`
}

func (keysCmd) Help() string {
	return `Prints one key a line, in no particular order. Control characters, other characters that do not print, bad
UTF-8 and the backslash are written as in a Go string (\n, \x00, \xff, \\), so that every key can be read back.

With --json each line is an object with the members key (key_base64 if the key is not UTF-8), ttl (remaining seconds,
or null) and bytes (of the value as it is stored, or null if the engine does not know).

Examples:

    larder keys user: --limit 10
    larder keys --json | jq -r 'select(.ttl == null).key'`
}

var errLimit = errors.New("keys: --limit is not above zero")

// limit returns --limit, or 0 for none.
func (cmd keysCmd) limit() (int, error) {
	switch {
	case cmd.Limit == nil:
		return 0, nil
	case *cmd.Limit < 1:
		return 0, errLimit
	}
	return *cmd.Limit, nil
}

// Run is called by kong.
func (cmd keysCmd) Run(a *app) error {
	limit, err := cmd.limit()
	if err != nil {
		return err
	}
	return a.use(func(c *client) error {
		if a.JSON {
			return a.printInfos(c, cmd.Prefix, limit)
		}
		return a.printKeys(c, cmd.Prefix, limit)
	})
}

func (a *app) printKeys(c *client, prefix string, limit int) error {
	n := 0
	for key, err := range c.keys(a.ctx, prefix) {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(a.out, escapeKey(key)); err != nil {
			return err
		}
		if n++; n == limit {
			break
		}
	}
	return nil
}

func (a *app) printInfos(c *client, prefix string, limit int) error {
	n := 0
	for batch, err := range c.inspected(a.ctx, prefix) {
		if err != nil {
			return err
		}
		for _, info := range batch {
			if _, err := fmt.Fprintf(a.out, "%s\n", infoObject(info)); err != nil {
				return err
			}
			if n++; n == limit {
				return nil
			}
		}
	}
	return nil
}

func infoObject(info keyInfo) []byte {
	name, key := keyMember(info.key)
	var ttl, size any
	if info.TTL > 0 {
		ttl = number(seconds(info.TTL))
	}
	if info.Size >= 0 {
		size = info.Size
	}
	return object(name, key, "ttl", ttl, "bytes", size)
}
