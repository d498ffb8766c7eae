package main

import (
	"bufio"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	documentedInText = regexp.MustCompile("`larder (results [a-z][^`]*)`")
	documentedInCode = regexp.MustCompile(`(?m)^(?: *\$)? *larder (results [a-z].*)$`)
	endOfCommand     = regexp.MustCompile(` *(\\?\||&&|;| #).*$`)
)

// Every command that the documentation names is one.
func TestDocumentedResultsCommands(t *testing.T) {
	n := 0
	for _, page := range []string{"../../README.md", "../../docs/celery.md", "../../docs/operator.md", "../../examples/celery/README.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		found := append(documentedInText.FindAllSubmatch(text, -1), documentedInCode.FindAllSubmatch(text, -1)...)
		for _, m := range found {
			line := endOfCommand.ReplaceAllString(string(m[1]), "")
			if err := parses(strings.Fields(strings.ReplaceAll(line, "'", ""))); err != nil {
				t.Errorf("%s: larder %s: %v", page, line, err)
			}
			n++
		}
	}
	if n < 20 {
		t.Errorf("only %d commands are documented", n)
	}
	for _, wrong := range []string{"results frob", "results list --frob", "results get", "results list --older x", "results get a b"} {
		if parses(strings.Fields(wrong)) == nil {
			t.Errorf("%s parses", wrong)
		}
	}
}

// parses tells whether args are a command line that is understood.
func parses(args []string) error {
	parser, err := newParser(&app{out: bufio.NewWriter(io.Discard)}, &cli{})
	if err != nil {
		return err
	}
	arranged, _ := arrange(parser.Model, args)
	if err := checkCommand(parser.Model, arranged); err != nil {
		return err
	}
	if err := checkValues(parser.Model, arranged); err != nil {
		return err
	}
	_, err = parser.Parse(arranged)
	return err
}
