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
		name := strings.TrimPrefix(node.FullPath(), "larder ")
		if !strings.Contains(node.Detail, "Example") || !strings.Contains(node.Detail, "\n    larder "+name) &&
			!strings.Contains(node.Detail, "larder "+name+" ") {
			t.Errorf("%s has no example", name)
		}
		words := strings.Fields(name)
		for _, args := range [][]string{append(words, "--help"), append([]string{"-h"}, words...), append([]string{"help"}, words...)} {
			r := sh.run(args...)
			if r.status != 0 || r.err != "" || !strings.HasPrefix(r.out, "Usage: larder "+name) || !strings.Contains(r.out, "--timeout") {
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
	for _, node := range parser.Model.Children {
		if !strings.Contains(r.out, "\n  "+node.Name+" ") {
			t.Errorf("larder --help does not list %s", node.Name)
		}
	}
}
