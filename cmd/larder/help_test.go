package main

import (
	"bufio"
	"io"
	"strings"
	"testing"
)

// Every command has an example of itself, and its help goes to standard output.
func TestHelp(t *testing.T) {
	parser, err := newParser(&app{out: bufio.NewWriter(io.Discard)}, &cli{})
	if err != nil {
		t.Fatal(err)
	}
	sh := &shell{t: t}
	for _, node := range parser.Model.Leaves(false) {
		if !strings.Contains(node.Detail, "Example") || !strings.Contains(node.Detail, "\n    larder "+node.Name) &&
			!strings.Contains(node.Detail, "larder "+node.Name+" ") {
			t.Errorf("%s has no example", node.Name)
		}
		for _, args := range [][]string{{node.Name, "--help"}, {"-h", node.Name}} {
			r := sh.run(args...)
			if r.status != 0 || r.err != "" || !strings.HasPrefix(r.out, "Usage: larder "+node.Name) || !strings.Contains(r.out, "--timeout") {
				t.Errorf("%v: %d %q %q", args, r.status, r.out, r.err)
			}
		}
		for _, f := range append(node.Flags, parser.Model.Flags...) {
			if f.Help == "" {
				t.Errorf("%s --%s has no help", node.Name, f.Name)
			}
		}
		for _, arg := range node.Positional {
			if arg.Help == "" {
				t.Errorf("%s %s has no help", node.Name, arg.Name)
			}
		}
	}
	r := sh.run("--help")
	for _, node := range parser.Model.Leaves(false) {
		if !strings.Contains(r.out, "\n  "+node.Name+" ") {
			t.Errorf("larder --help does not list %s", node.Name)
		}
	}
}
