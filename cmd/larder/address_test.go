package main

import (
	"strings"
	"testing"
)

// An empty --url, such as a variable that is not set gives, names no cache, not the default one either.
func TestEmptyURL(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, home)
	}
	sh := &shell{t: t}
	for _, args := range [][]string{
		{"get", "a", "--url", ""}, {"--url=", "clear", "--yes"}, {"tour", "--url", ""}, {"copy", "--from", "", "--to", "memory://"},
		{"copy", "--from", "memory://", "--to="}, {"copy", "--from", "memory://", "--to", "memory://", "--url", ""},
	} {
		r := sh.run(args...)
		if r.status != 2 || r.out != "" || !strings.Contains(r.err, ": empty (is a variable not set?)") {
			t.Errorf("larder %q: %+v", args, r)
		}
	}
	// An empty LARDER_URL is as good as none.
	sh.want("", 0, "set", "a", "1")
	sh.want("~cache.db~", 0, "ping")
}
