package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// world is everything outside the program, so that a test can be it.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	outTTY, errTTY bool // stdout, stderr are terminals
}

// app is one run of the program.
type app struct {
	world
	globals
	ctx   context.Context
	out   *bufio.Writer // standard output
	child *[]string     // what stands behind the -- of get-or-set; nil if there is none

	secrets *strings.Replacer // of arguments that are not to be told

	command   string
	allKeys   bool          // whatever their key prefix and version
	timeout   time.Duration // of each call to the engine
	timeoutOf string        // what has set it
	terms     []string      // see say
}

// run does what args say and returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) int {
	w := world{stdin, stdout, stderr, env, isTerminal(stdout), isTerminal(stderr)}
	return w.run(ctx, args)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (w world) run(ctx context.Context, args []string) int {
	a := &app{world: w, ctx: ctx, secrets: secretsIn(args), out: bufio.NewWriterSize(output{w.stdout}, 64<<10)}
	err := a.do(args)
	switch failed := a.out.Flush(); {
	case failed == nil, errors.Is(err, errNo) && isGone(failed):
	case err == nil, errors.Is(err, errNo):
		err = failed
	}
	return a.status(err)
}

var errNoCommand = errors.New("no command is given; larder --help lists them")

// do parses args and runs the command.
func (a *app) do(args []string) error {
	if len(args) == 0 {
		return errNoCommand
	}
	var c cli
	parser, err := newParser(a, &c)
	if err != nil {
		return err
	}
	args, a.child = arrange(parser.Model, args)
	args = spellOut(args)
	if err := checkCommand(parser.Model, args); err != nil {
		return err
	}
	if err := checkValues(parser.Model, args); err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if errors.Is(err, errHelped) {
		return nil
	}
	if err != nil {
		return usage{commandOf(args), err}
	}
	a.globals, a.command = c.globals, commandOf(args)
	return parsed.Run(a, parser.Model)
}
