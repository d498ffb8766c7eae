package main

import (
	"strings"
	"testing"
)

func TestProgress(t *testing.T) {
	sh := sqliteShell(t)
	lines := strings.Repeat(`{"key":"a","value":1}`+"\n", 50) + "{}\n"
	for _, c := range []struct {
		tty  bool
		args []string
		want string
	}{
		{false, []string{"import"}, ""},
		{true, []string{"import", "--quiet"}, ""},
		{true, []string{"import"}, "entries, "},
	} {
		sh.in, sh.tty = lines, c.tty
		r := sh.run(c.args...)
		if r.status != 2 || !strings.Contains(r.err, "larder: line 51: ") || strings.Contains(r.err, "entries, ") != (c.want != "") {
			t.Errorf("%v on terminal %t: %d %q", c.args, c.tty, r.status, r.err)
		}
		if !strings.HasSuffix(r.err, "50 entries stored\n") {
			t.Errorf("%q", r.err)
		}
	}
	for _, tty := range []bool{false, true} {
		sh.tty = tty
		for _, args := range [][]string{{"export", t.TempDir() + "/x"}, {"copy", "--from", sh.url, "--to", "memory://"}} {
			if r := sh.run(args...); r.status != 0 || strings.Contains(r.err, "1 entries, ") != tty {
				t.Errorf("%v on terminal %t: %d %q", args, tty, r.status, r.err)
			}
		}
	}
	// A bar between the lines would spoil them.
	sh.tty = true
	sh.want(`{"key":"a",~`, 0, "export")
}
