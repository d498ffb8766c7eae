package main

import (
	"bufio"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArrange(t *testing.T) {
	parser, err := newParser(&app{out: bufio.NewWriter(io.Discard)}, &cli{})
	if err != nil {
		t.Fatal(err)
	}
	none := []string(nil)
	for _, c := range []struct{ args, want, child []string }{
		{[]string{"get", "k", "--json"}, []string{"get", "--json", "--", "k"}, none},
		{[]string{"--url", "-x", "get", "-5"}, []string{"get", "--url=-x", "--", "-5"}, none},
		{[]string{"delete", "a", "--quiet", "b"}, []string{"delete", "--quiet", "--", "a", "b"}, none},
		{[]string{"get", "k", "--default", "--json"}, []string{"get", "--default=--json", "--", "k"}, none},
		{[]string{"get", "--", "--k", "--"}, []string{"get", "--", "--k", "--"}, none},
		{[]string{"get", "-x"}, []string{"get", "-x"}, none},
		{[]string{"import", "-"}, []string{"import", "--", "-"}, none},
		{[]string{"get", "--ttl"}, []string{"get", "--ttl"}, none},
		{[]string{"get-or-set", "k", "--ttl", "5", "--", "sh", "--json"}, []string{"get-or-set", "--ttl=5", "--", "k"}, []string{"sh", "--json"}},
		{[]string{"get-or-set", "--", "-k", "--", "sh"}, []string{"get-or-set", "--", "-k"}, []string{"sh"}},
		{[]string{"get-or-set", "k", "--"}, []string{"get-or-set", "--", "k"}, []string{}},
		{[]string{"results", "get", "k", "--json"}, []string{"results", "get", "--json", "--", "k"}, none},
		{[]string{"results", "wait", "--for", "1s", "get", "list"}, []string{"results", "wait", "--for=1s", "--", "get", "list"}, none},
		{[]string{"results", "--config", "c", "list"}, []string{"results", "list", "--config=c"}, none},
		{[]string{"results", "frob", "x", "--json"}, []string{"results", "frob", "--json", "--", "x"}, none},
		{[]string{"help", "results", "get"}, []string{"help", "--", "results", "get"}, none},
		{[]string{"--help"}, []string{"--help"}, none},
		{[]string{"-h", "get"}, []string{"get", "-h"}, none},
	} {
		got, child := arrange(parser.Model, c.args)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.args, diff)
		}
		switch {
		case child == nil && c.child != nil, child != nil && c.child == nil:
			t.Errorf("%q: child %v, want %v", c.args, child, c.child)
		case child != nil:
			if diff := cmp.Diff(c.child, *child); diff != "" {
				t.Errorf("%q: child %s", c.args, diff)
			}
		}
	}
}
