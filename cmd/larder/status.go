package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
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

// usage is a command line that is not understood.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

func (u usage) Error() string {
	text := u.error.Error()
	if strings.HasPrefix(text, "unknown flag -") && !strings.HasPrefix(text, "unknown flag --") {
		text += " (write -- before an argument that begins with a minus)"
	}
	return text
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
	default:
		a.tell(err.Error())
	}
	return statusFailure
}

// tell prints one line to standard error. No password gets through, nor anything that a terminal would obey.
func (a *app) tell(text string) {
	// The library's errors begin like ours, also where they are inside of another.
	text = strings.ReplaceAll(strings.TrimPrefix(text, "larder: "), ": larder: ", ": ")
	fmt.Fprintln(a.stderr, "larder: "+oneLine(maskPasswords(text)))
}

// The passwords of a URL, wherever it stands in a text: //user:password@host, and password=… as a parameter.
var (
	userPassword  = regexp.MustCompile(`(//[^/\s:@]*:)\S*@`)
	paramPassword = regexp.MustCompile(`(password=)[^&\s"]*`)
)

func maskPasswords(text string) string {
	text = userPassword.ReplaceAllString(text, "$1"+driver.Mask+"@")
	return paramPassword.ReplaceAllString(text, "$1"+driver.Mask)
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
