package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/larder-go/larder"
)

// The exit statuses.
const (
	statusDone    = 0 // or a hit
	statusNo      = 1 // a miss, or "no"
	statusFailure = 2 // or wrong usage
)

// errNo ends a command whose answer is "no", without a message.
var errNo = errors.New("no")

// no is errNo unless yes.
func no(yes bool) error {
	if yes {
		return nil
	}
	return errNo
}

// usage is a command line that is not understood: the parser's error, in words of ours.
type usage struct {
	command string
	error
}

func (u usage) Unwrap() error { return u.error }

func (u usage) Error() string {
	text := u.error.Error()
	if strings.HasPrefix(text, "unknown flag -") && !strings.HasPrefix(text, "unknown flag --") {
		text += " (write -- before an argument that begins with a minus)"
	}
	if u.command == "" {
		if strings.HasPrefix(text, "expected one of") {
			return errNoCommand.Error()
		}
		return text
	}
	if rest, ok := strings.CutPrefix(text, "expected "); ok {
		text = areMissing(argumentName.FindAllString(rest, -1))
	} else if rest, ok := strings.CutPrefix(text, "missing flags: "); ok {
		text = areMissing(flagName.FindAllString(rest, -1))
	} else if rest, ok := strings.CutPrefix(text, "unexpected argument "); ok {
		text = fmt.Sprintf("%q is one argument too many", rest)
	}
	return fmt.Sprintf("%s: %s (larder %s --help)", u.command, text, u.command)
}

// What the parser calls arguments and flags.
var (
	argumentName = regexp.MustCompile(`<[^>]+>`)
	flagName     = regexp.MustCompile(`--[a-z-]+`)
)

func areMissing(names []string) string {
	called := map[string]string{"<key>": "a key", "<json>": "a value", "<shell>": "a shell", "<id>": "an id"}
	for i, name := range names {
		if called[name] != "" {
			names[i] = called[name]
		}
	}
	if len(names) == 1 {
		return names[0] + " is missing"
	}
	return strings.Join(names, " and ") + " are missing"
}

// status turns what a command has returned into the exit status, and tells the user if it is a failure.
func (a *app) status(err error) int {
	switch {
	case err == nil:
		return statusDone
	case errors.Is(err, errNo), errors.Is(err, larder.ErrMiss):
		return statusNo
	case isGone(err):
		return statusDone
	case a.ctx.Err() != nil && errors.Is(err, context.Canceled):
		a.tell("interrupted")
	case errors.Is(err, context.DeadlineExceeded):
		a.tell(a.explainTimeout(err))
	default:
		a.tell(err.Error())
	}
	return statusFailure
}

// explainTimeout says which bound a call to the engine has exceeded.
func (a *app) explainTimeout(err error) string {
	engine := ""
	if failed := new(larder.Error); errors.As(err, &failed) {
		engine = failed.Engine
	}
	late := fmt.Sprintf("no answer within %v", a.timeout)
	text := strings.ReplaceAll(err.Error(), context.DeadlineExceeded.Error(), late)
	return strings.Replace(text, late, late+a.whoseTimeout(engine), 1)
}

func (a *app) whoseTimeout(engine string) string {
	whose := " (" + a.timeoutOf + ")"
	if engine == "sqlite" {
		whose += "; another process may hold the lock"
	}
	return whose
}

// say makes tell replace words of the library, which a Go program gives, by those of the command line.
func (a *app) say(library, ours string) { a.terms = append(a.terms, library, ours) }

// note tells what is no failure, unless --quiet.
func (a *app) note(text string) {
	if !a.Quiet {
		a.tell("note: " + text)
	}
}

// tell prints one line to standard error. No password gets through, nor anything that a terminal would obey.
func (a *app) tell(text string) {
	text = a.secrets.Replace(text)
	// The library's errors begin like ours, also where they are inside of another.
	text = strings.ReplaceAll(strings.TrimPrefix(text, "larder: "), ": larder: ", ": ")
	text = strings.NewReplacer(append(a.terms, "larder.NoExpiry says never", "leave ttl out for no expiry")...).Replace(text)
	fmt.Fprintln(a.stderr, "larder: "+oneLine(maskPasswords(text)))
}

// oneLine joins lines and escapes control characters.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.ReplaceAll(escapeKey(strings.Join(lines, "; ")), `\\`, `\`)
}
