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

// What looks like a URL is not echoed where it is not understood.
func TestNoPasswordIsEchoed(t *testing.T) {
	sh := &shell{t: t}
	for _, url := range []string{"redis://me:s3cret@h", "redis://my self:s3cret@h", "redis://me:x s3cret\n@h", "redis://s3cret@h",
		"redis://me:s3cret\t\"@h", "me@h:s3cret@redis://", "redis://h?password=x s3cret", "redis://me:s3cret=x@h", "redis://me:x=s3cret@h"} {
		for _, args := range [][]string{
			{url}, {"ping", url}, {"ping", "--", url}, {"--" + url}, {"-" + url}, {"keys", "--limit", url}, {"keys", "--limit=" + url},
			{"get", "a", "--ttl", url}, {"get", "a", "--timeout=" + url}, {"keys", "--json=" + url}, {"completion", url}, {"copy", "--form", url},
			{"set-many", url}, {"incr", "a", url}, {"set", "a", url}, {"get", "a", "--default", url}, {"import", url}, {"get", "a", "--url", url},
		} {
			if r := sh.run(args...); r.status != 2 || strings.Contains(r.err+r.out, "s3cret") {
				t.Errorf("larder %q: %+v", args, r)
			}
		}
	}
}
