package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/larder-go/larder/internal/redistest"
)

var (
	documentedUser    = regexp.MustCompile(`(?m)^ +ACL SETUSER shop (.*)$`)
	documentedCluster = regexp.MustCompile(`(?m)^ +(\+cluster\|.*)$`)
)

// documented returns what the documentation says at one place.
func documented(t *testing.T, what *regexp.Regexp) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	found := what.FindSubmatch(text)
	if found == nil {
		t.Fatalf("docs/redis.md has no %v", what)
	}
	return string(found[1])
}

// wantNoRefusals looks at what the server has noted of refused commands. CONFIG GET may be among them: the page says what is lost
// without, and it would show passwords.
func wantNoRefusals(t *testing.T, s *redistest.Server) {
	t.Helper()
	log := strings.Split(s.MustDo(t, "ACL", "LOG"), "\n")
	for i, word := range log {
		if word == "object" && !strings.HasPrefix(log[i+1], "config") {
			t.Errorf("the server has refused %s", log[i+1])
		}
	}
}

// The rights that the documentation gives are enough for every command, and none of them is refused.
func TestDocumentedRights(t *testing.T) {
	needs(t, "redis-server")
	s := redistest.Start(t)
	s.MustDo(t, append([]string{"ACL", "SETUSER", "shop"}, strings.Fields(documented(t, documentedUser))...)...)
	sh := &shell{t: t, url: strings.Replace(s.URL(0), "redis://", "redis://shop:secret@", 1) + "?key_prefix=shop&timeout=5s"}
	w := sh.watch("--json", "b")
	w.want(`{"gap":true}`)
	sh.want("", 0, "set", "a", "1")
	sh.want("", 0, "set", "b", "2", "--ttl", "1h")
	w.want(`{"key":"b"}`)
	sh.want("", 0, "add", "c", "3", "--ttl", "1h")
	sh.want("4\n", 0, "get-or-set", "d", "4")
	sh.want("", 0, "set-many", "e=1", "f=2", "--ttl", "10m")
	sh.want(`{"a":1,"x":null}`+"\n", 0, "get-many", "a", "x")
	sh.want("", 0, "touch", "a", "--ttl", "1h")
	sh.want("", 0, "touch", "a")
	sh.want("2\n", 0, "incr", "a")
	sh.want("2.5\n", 0, "incr", "a", "0.5")
	sh.want("never\n", 0, "ttl", "a")
	sh.want("", 0, "has", "a")
	sh.want("~", 0, "keys", "--json")
	sh.want("~", 0, "export")
	sh.want("~", 0, "stats")
	sh.want("~", 0, "ping")
	sh.findings(0)
	sh.want("1\n", 0, "delete", "a", "x")
	sh.want("5\n", 0, "clear", "--mine")
	wantNoRefusals(t, s)
}

func TestDocumentedRightsInACluster(t *testing.T) {
	needs(t, "redis-server")
	c := redistest.StartCluster(t, 3, 0, redistest.User("shop "+documented(t, documentedUser)+" "+documented(t, documentedCluster)))
	sh := &shell{t: t, url: strings.Replace(c.URL(), "://", "://shop:secret@", 1) + "?key_prefix=shop&timeout=5s"}
	sh.want("", 0, "set-many", "a=1", "b=2", "c=3")
	sh.want("4\n", 0, "incr", "d", "4")
	sh.findings(0)
	sh.want("4\n", 0, "clear", "--mine")
	for _, node := range c.Nodes() {
		wantNoRefusals(t, node)
	}
}
