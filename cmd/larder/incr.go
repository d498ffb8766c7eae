package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
)

type incrCmd struct {
	Key   string `arg:"" help:"The key."`
	Delta string `arg:"" optional:"" default:"1" help:"What to add; with a point or an exponent it is a float."`
}

func (incrCmd) Help() string {
	return `The entry keeps its lifetime. A DELTA without point and exponent is for integers only: where 0.25 has been
counted, write 3.0. A missing key becomes DELTA, with the lifetime that --ttl says. A value that
is no number, and a sum beyond 64 bits, is a failure and changes nothing.

Examples:

    larder incr visits
    larder incr balance 0.25
    larder incr balance -- -3.0`
}

// Run is called by kong.
func (cmd incrCmd) Run(a *app) error { return a.count("incr", cmd.Key, cmd.Delta) }

type decrCmd struct {
	Key   string `arg:"" help:"The key."`
	Delta string `arg:"" optional:"" default:"1" help:"What to subtract; with a point or an exponent it is a float."`
}

func (decrCmd) Help() string {
	return `As incr. A missing key becomes DELTA below zero.

Example:

    larder decr stock:7 3`
}

// Run is called by kong.
func (cmd decrCmd) Run(a *app) error { return a.count("decr", cmd.Key, cmd.Delta) }

// count is incr and decr.
func (a *app) count(verb, key, delta string) error {
	step, err := parseDelta(verb, delta)
	if err != nil {
		return err
	}
	return a.use(func(c *client) error {
		sum, err := step(a.ctx, c, key, a.ttl()...)
		if err != nil {
			return err
		}
		a.answer(sum, "value", number(sum))
		return nil
	})
}

// stepper counts and returns the new number.
type stepper func(ctx context.Context, c *client, key string, opts ...larder.CallOption) (string, error)

func parseDelta(verb, text string) (stepper, error) {
	if !json.Valid([]byte(text)) || strings.Trim(text, "+-0123456789.eE") != "" {
		return nil, fmt.Errorf("%s: DELTA %q is not a number", verb, text)
	}
	if strings.ContainsAny(text, ".eE") {
		delta, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: DELTA %s: %w", verb, text, larder.ErrOverflow)
		}
		return floatStep(verb, delta), nil
	}
	delta, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s: DELTA %s is beyond 64 bits: %w", verb, text, larder.ErrOverflow)
	}
	return intStep(verb, delta), nil
}

func floatStep(verb string, delta float64) stepper {
	return func(ctx context.Context, c *client, key string, opts ...larder.CallOption) (string, error) {
		count := c.IncrFloat
		if verb == "decr" {
			count = c.DecrFloat
		}
		sum, err := count(ctx, key, delta, opts...)
		return driver.FormatFloat(sum), err
	}
}

func intStep(verb string, delta int64) stepper {
	return func(ctx context.Context, c *client, key string, opts ...larder.CallOption) (string, error) {
		count := c.Incr
		if verb == "decr" {
			count = c.Decr
		}
		sum, err := count(ctx, key, delta, opts...)
		return strconv.FormatInt(sum, 10), c.explainCount(ctx, verb, key, delta, err)
	}
}

// explainCount says what to do where the value is a number, but no integer as DELTA is.
func (c *client) explainCount(ctx context.Context, verb, key string, delta int64, err error) error {
	if !errors.Is(err, larder.ErrNotNumber) {
		return err
	}
	value, getting := c.values.Get(ctx, key)
	var n json.Number
	if getting != nil || len(value) == 0 || value[0] == '"' || json.Unmarshal(value, &n) != nil || !strings.ContainsAny(n.String(), ".eE") {
		return err
	}
	return fmt.Errorf("%s %q: %s is no integer: write %d.0 to count in floats", verb, key, n, delta)
}
