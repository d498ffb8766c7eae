package main

import (
	"testing"

	"github.com/larder-go/larder/driver"
)

func TestSameStore(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"memory://x", "memory://x", true}, {"memory://x", "memory://y", false}, {"memory://", "memory://", false},
		{"memory://x", "locmem://x", true}, {"sqlite:a.db", "sqlite:./a.db?sync=off", true}, {"sqlite:a.db", "sqlite:b.db", false},
		{"sqlite:x", "memory://x", false},
	} {
		if got := sameStore(address(t, c.a), address(t, c.b)); got != c.want {
			t.Errorf("%s and %s: %t", c.a, c.b, got)
		}
	}
}

func TestSameServers(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"redis://u:p@localhost:6379/0", "redis://127.0.0.1", true}, {"redis://h/1", "redis://h/2", false},
		{"redis://h", "redis://H:6379/0", true}, {"memcached://a;b", "memcached://b:11211,a", true},
		{"redis+unix:///s?db=1", "redis+unix:///s?db=2", false}, {"redis://h", "redis://h:6380", false},
	} {
		a, b := address(t, c.a), address(t, c.b)
		same := len(servers(a)) == len(servers(b)) && database(a) == database(b)
		for i, s := range servers(a) {
			same = same && s == servers(b)[i]
		}
		if same != c.want {
			t.Errorf("%s and %s: %t", c.a, c.b, same)
		}
	}
}

func address(t *testing.T, url string) *driver.URL {
	u, err := driver.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
