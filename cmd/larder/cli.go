package main

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/alecthomas/kong"
)

// cli is the grammar: the commands in the order of the help.
type cli struct {
	globals `embed:"" group:"Global flags:"`

	Get      getCmd      `cmd:"" help:"Print a value."`
	Set      setCmd      `cmd:"" help:"Store a value."`
	Add      addCmd      `cmd:"" help:"Store a value only if the key is absent."`
	GetOrSet getOrSetCmd `cmd:"" help:"Print a value; if it is absent, store one first."`
	GetMany  getManyCmd  `cmd:"" help:"Print several values as one JSON object."`
	SetMany  setManyCmd  `cmd:"" help:"Store several values."`
	Delete   deleteCmd   `cmd:"" help:"Remove entries and print how many were there."`
	Touch    touchCmd    `cmd:"" help:"Give an entry a new lifetime."`
	Incr     incrCmd     `cmd:"" help:"Add to a number and print the sum."`
	Decr     decrCmd     `cmd:"" help:"Subtract from a number and print the difference."`
	Has      hasCmd      `cmd:"" help:"Tell by the exit status whether there is an entry."`
	TTL      ttlCmd      `cmd:"" name:"ttl" help:"Print the remaining lifetime of an entry."`
	Keys     keysCmd     `cmd:"" help:"Print the keys."`
	Watch    watchCmd    `cmd:"" help:"Print keys as their entries change."`
	Clear    clearCmd    `cmd:"" help:"Remove everything, or everything of this key prefix and version."`

	Import importCmd `cmd:"" help:"Store entries from JSON lines."`
	Export exportCmd `cmd:"" help:"Write entries as JSON lines."`
	Copy   copyCmd   `cmd:"" help:"Copy entries from one cache to another."`

	Results resultsCmd `cmd:"" help:"Look at the results of Celery's tasks: get, wait, list, tree, group, chord, forget, watch, audit."`

	Ping       pingCmd       `cmd:"" help:"Make one round trip to the engine."`
	Doctor     doctorCmd     `cmd:"" help:"Look at the URL and the server for what may go wrong."`
	Stats      statsCmd      `cmd:"" help:"Print what the engine knows of itself."`
	Tour       tourCmd       `cmd:"" help:"Show each verb at work, and how fast it is here."`
	Version    versionCmd    `cmd:"" help:"Print the version of this program."`
	Completion completionCmd `cmd:"" help:"Print a script that completes commands and flags in a shell."`
}

// globals are the flags of every command.
type globals struct {
	URL        string   `name:"url" type:"address" placeholder:"URL" help:"The cache to use, such as sqlite:cache.db or memory://. Default: $$LARDER_URL, or else an SQLite file in the user's cache directory."`
	KeyPrefix  *string  `placeholder:"P" help:"What stands before every key. Default: the URL's key_prefix."`
	KeyVersion *string  `placeholder:"V" help:"The version that stands in every key. Default: the URL's version."`
	TTL        lifetime `name:"ttl" placeholder:"T" help:"The lifetime of what is written: 90 or 90s, 10m, or never. Default: the URL's ttl, or else never."`
	Timeout    span     `placeholder:"T" help:"The bound for each call to the engine, never for a whole command or a child process. Default: the URL's timeout, or else 2s."`
	JSON       bool     `name:"json" help:"Print answers as JSON objects, also those that are nothing otherwise."`
	Quiet      bool     `help:"Print no progress and no notes."`
	Help       helpFlag `short:"h" help:"Explain the command, with an example."`
}

const description = `A cache at the shell. Values are JSON on the way in and out.

Exit status: 0 done or hit, 1 miss or "no", 2 wrong usage or failure, with one line on standard error.
Write -- before arguments that begin with a minus and are not numbers.

Examples:

    larder set user:42 '{"name":"Ada"}' --ttl 10m
    larder get user:42
    larder get-or-set report --ttl 1h -- ./make-report --json
    larder tour`

// errHelped ends the parsing: the help has been printed.
var errHelped = errors.New("helped")

// helpFlag prints the help before anything is checked.
type helpFlag bool

// BeforeReset is called by kong for a flag that was given.
func (helpFlag) BeforeReset(ctx *kong.Context) error {
	if node := ctx.Selected(); node != nil && node.Name == "copy" {
		flagsOf(node)["url"].Hidden = true // it has two of its own
	}
	if err := ctx.PrintUsage(false); err != nil {
		return err
	}
	return errHelped
}

// newParser makes the parser for c, which prints help to a's output.
func newParser(a *app, c *cli) (*kong.Kong, error) {
	parser, err := kong.New(c,
		kong.Name("larder"),
		kong.Description(description),
		kong.NoDefaultHelp(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100, FlagsLast: true}),
		kong.KindMapper(reflect.String, kong.MapperFunc(decodeBytes)),
		kong.NamedMapper("address", kong.MapperFunc(decodeAddress)),
		kong.Writers(a.out, a.stderr),
		kong.Exit(func(int) {}),
	)
	if err != nil {
		return nil, err
	}
	for _, f := range parser.Model.Flags {
		if f.Name == "help" {
			parser.Model.HelpFlag = f
		}
	}
	return parser, nil
}

// decodeBytes sets a string to an argument as it is. The parser's own way replaces what is not UTF-8.
func decodeBytes(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("text")
	if err != nil {
		return err
	}
	target.SetString(fmt.Sprint(token.Value))
	return nil
}

var errEmptyURL = errors.New("empty (is a variable not set?)")

// decodeAddress is decodeBytes for the URL of a cache.
func decodeAddress(ctx *kong.DecodeContext, target reflect.Value) error {
	if err := decodeBytes(ctx, target); err != nil {
		return err
	}
	if target.String() == "" {
		return errEmptyURL
	}
	return nil
}
