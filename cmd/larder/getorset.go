package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/larder-go/larder/codec"
)

type getOrSetCmd struct {
	Key  string  `arg:"" help:"The key."`
	JSON *string `arg:"" optional:"" name:"json" help:"The value to store as JSON. Instead of it, -- and a command may follow, whose standard output is the JSON to store."`
}

func (getOrSetCmd) Help() string {
	return `Prints the value, which is stored first if there is none. After -- comes a command that is run only if
there is none. If it fails, or prints what is not JSON, nothing is stored and the exit status is 2. No time-out applies
to it. Several processes that find nothing at the same time each run it; the first value stays.

Examples:

    larder get-or-set greeting '"hello"'
    larder get-or-set report --ttl 1h -- curl -fsS https://example.com/report.json`
}

var (
	errNoSource   = errors.New("get-or-set needs a JSON value, or -- and a command that prints it")
	errTwoSources = errors.New("get-or-set takes a JSON value or -- and a command, not both")
	errNoChild    = errors.New("get-or-set: behind -- there is no command")
)

// Run is called by kong.
func (cmd getOrSetCmd) Run(a *app) error {
	load, err := cmd.loader(a)
	if err != nil {
		return err
	}
	return a.use(func(c *client) error {
		values, err := c.textView()
		if err != nil {
			return err
		}
		value, err := values.GetOrSet(a.ctx, cmd.Key, load, a.ttl()...)
		switch {
		case err != nil:
			return err
		case a.JSON:
			name, member := valueMember(value)
			a.answer("", name, member)
			return nil
		}
		return a.printValue("get-or-set", cmd.Key, value)
	})
}

// textView is the view for which a value that is not JSON counts as absent, unless the URL says that there are
// such values.
func (c *client) textView() (v viewOfBytes, err error) {
	if c.raw {
		return c.values, nil
	}
	return c.view("", textCodec{})
}

func (cmd getOrSetCmd) loader(a *app) (func(context.Context) ([]byte, error), error) {
	what := fmt.Sprintf("get-or-set %q", cmd.Key)
	switch {
	case cmd.JSON == nil && a.child == nil:
		return nil, errNoSource
	case cmd.JSON != nil && a.child != nil:
		return nil, errTwoSources
	case a.child != nil && len(*a.child) == 0:
		return nil, errNoChild
	case a.child != nil:
		return func(ctx context.Context) ([]byte, error) {
			out, err := a.runChild(ctx, *a.child)
			if err != nil {
				return nil, fmt.Errorf("%s: nothing stored: %w", what, err)
			}
			return jsonArg(what+": nothing stored: what the command printed", string(out))
		}, nil
	}
	value, err := jsonArg(what, *cmd.JSON)
	return func(context.Context) ([]byte, error) { return value, err }, err
}

// textCodec is a codec of the library's.
var _ codec.Codec = textCodec{}
