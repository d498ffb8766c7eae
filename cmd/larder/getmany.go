package main

import (
	"fmt"
	"unicode/utf8"

	"github.com/larder-go/larder/codec"
)

type getManyCmd struct {
	Keys []string `arg:"" name:"key" help:"The keys."`
}

func (getManyCmd) Help() string {
	return `Prints one JSON object with a member for each key, in the order they are given; null for what is absent.
The exit status is 0, whatever was found.

Example:

    larder get-many user:1 user:2 user:3`
}

// Run is called by kong.
func (cmd getManyCmd) Run(a *app) error {
	for _, key := range cmd.Keys {
		if !utf8.ValidString(key) {
			return fmt.Errorf("get-many: the key %q is not UTF-8, so it cannot stand in a JSON object: use get", key)
		}
	}
	return a.useExisting(func(c *client) error {
		found, err := c.values.GetMany(a.ctx, cmd.Keys)
		if err != nil {
			return err
		}
		object, err := manyObject(cmd.Keys, found)
		if err != nil {
			return err
		}
		if a.outTTY && !a.JSON {
			object = indent(object)
		}
		fmt.Fprintf(a.out, "%s\n", object)
		return nil
	})
}

func manyObject(keys []string, found map[string][]byte) ([]byte, error) {
	out := []byte{'{'}
	done := make(map[string]bool, len(keys))
	for _, key := range keys {
		if done[key] {
			continue
		}
		if len(done) > 0 {
			out = append(out, ',')
		}
		done[key] = true
		value, ok := found[key]
		switch {
		case !ok:
			value = []byte("null")
		case !codec.Valid(value):
			return nil, errForeign("get-many", key, value)
		}
		out = append(appendText(out, key), ':')
		out = compact(out, value)
	}
	return append(out, '}'), nil
}
