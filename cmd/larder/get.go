package main

import (
	"errors"
	"fmt"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/codec"
)

type getCmd struct {
	Key     string  `arg:"" help:"The key."`
	Default *string `placeholder:"JSON" help:"What to print if there is no such entry; the exit status is then 0."`
}

func (getCmd) Help() string {
	return `Prints the value as it is stored, without line breaks between its tokens; on a terminal it is indented.
The exit status is 1 if there is no such entry, and nothing is printed.

A stored value that is not JSON is a failure. With --json the answer is an object with the members found, and value
or, for what is not strict JSON, value_base64.

Examples:

    larder get user:42
    larder get user:42 --default null
    larder get photo --json | jq -r .value_base64 | base64 -d`
}

// Run is called by kong.
func (cmd getCmd) Run(a *app) error {
	var def []byte
	if cmd.Default != nil {
		var err error
		if def, err = jsonArg("get --default", *cmd.Default); err != nil {
			return err
		}
	}
	return a.useExisting(func(c *client) error {
		value, err := c.values.Get(a.ctx, cmd.Key)
		switch {
		case errors.Is(err, larder.ErrMiss):
			return a.missing(def)
		case err != nil:
			return err
		case a.JSON:
			name, member := valueMember(value)
			a.answer("", "found", true, name, member)
			return nil
		}
		return a.printValue("get", cmd.Key, value)
	})
}

// missing answers a get that found nothing.
func (a *app) missing(def []byte) error {
	switch {
	case def == nil:
		a.answer("", "found", false)
		return errNo
	case a.JSON:
		a.answer("", "found", false, "value", def)
		return nil
	}
	return a.printValue("get", "", def)
}

// printValue prints a stored value.
func (a *app) printValue(verb, key string, value []byte) error {
	switch {
	case !codec.Valid(value):
		return errForeign(verb, key, value)
	case a.outTTY:
		fmt.Fprintf(a.out, "%s\n", indent(value))
	default:
		fmt.Fprintf(a.out, "%s\n", compact(nil, value))
	}
	return nil
}
