package main

import (
	"context"
	"fmt"
)

type keysCmd struct {
	Prefix string `arg:"" optional:"" help:"Only keys that begin with this text."`
	Limit  *int   `placeholder:"N" help:"At most so many."`
	All    bool   `help:"All keys of the database as the engine has them, whatever their key prefix and version."`
}

func (keysCmd) Help() string {
	return `Prints one key a line, in no particular order. Control characters, other characters that do not print, bad
UTF-8 and the backslash are written as in a Go string (\n, \x00, \xff, \\). To hand keys on to another program, use
--json, which says them as they are.

With --json each line is an object with the members key (key_base64 if the key is not UTF-8), ttl (remaining seconds,
or null) and bytes (of the value as it is stored, or null if the engine does not know).

Examples:

    larder keys user: --limit 10
    larder keys --all
    larder keys --json | jq -r 'select(.ttl == null).key'`
}

// useAllKeys takes an --all.
func (a *app) useAllKeys(all bool) error {
	if all && (a.KeyPrefix != nil || a.KeyVersion != nil) {
		return fmt.Errorf("%s: --all is for every key prefix and version: leave --key-prefix and --key-version out", a.command)
	}
	a.allKeys = all
	return nil
}

// limit returns a --limit, or 0 for none.
func (a *app) limit(given *int) (int, error) {
	switch {
	case given == nil:
		return 0, nil
	case *given < 1:
		return 0, fmt.Errorf("%s: --limit is not above zero", a.command)
	}
	return *given, nil
}

// Run is called by kong.
func (cmd keysCmd) Run(a *app) error {
	limit, err := a.limit(cmd.Limit)
	if err != nil {
		return err
	}
	if err := a.useAllKeys(cmd.All); err != nil {
		return err
	}
	return a.useExisting(func(c *client) error {
		list := a.printKeys
		if a.JSON {
			list = a.printInfos
		}
		n, err := list(c, cmd.Prefix, limit)
		if err == nil && n == 0 {
			a.noteOthers(c)
		}
		return err
	})
}

// isEmpty tells whether there is no key of this key prefix and version.
func (c *client) isEmpty(ctx context.Context) (bool, error) {
	for _, err := range c.keys(ctx, "") {
		return false, err
	}
	return true, nil
}

func (a *app) printKeys(c *client, prefix string, limit int) (n int, err error) {
	for key, err := range c.keys(a.ctx, prefix) {
		if err != nil {
			return n, err
		}
		if _, err := fmt.Fprintln(a.out, escapeKey(key)); err != nil {
			return n, err
		}
		if n++; n == limit {
			break
		}
	}
	return n, nil
}

func (a *app) printInfos(c *client, prefix string, limit int) (n int, err error) {
	for batch, err := range c.inspected(a.ctx, prefix) {
		if err != nil {
			return n, err
		}
		for _, info := range batch {
			if _, err := fmt.Fprintf(a.out, "%s\n", infoObject(info)); err != nil {
				return n, err
			}
			if n++; n == limit {
				return n, nil
			}
		}
	}
	return n, nil
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
