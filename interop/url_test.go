package interop

import (
	"net/url"
	"strings"
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/internal/redistest"
)

// TestOneURL: what a URL may have for both sides.
func TestOneURL(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both("ttl=600", "key_prefix=shop", "version=3", "minsize=2", "maxsize=4")
		ok(e, c.Set(e.Context(), "k", 1))
		py.says(e, `c.incr("k")`, "2")
		e.wantTTL("shop:3:k", 600)
	})
}

// TestOnlyOneSide: parameters that only one side takes, so that they do not belong into a URL that both read.
func TestOnlyOneSide(t *testing.T) {
	everywhere(t, func(e env) {
		for param, exception := range map[string]string{
			"ttl=10m": "ValueError", "ttl=1.5": "ValueError", "key_prefix=": "AssertionError", "version=": "AssertionError", "timeout=500ms": "ValueError",
		} {
			_ = e.larder(param)
			e.wantRefused(e.url(param), exception)
		}
		_, _ = e.both("timeout=2")
		for _, param := range []string{"whatever=1", "ttl=-1"} {
			_ = e.cache(param)
			if c, err := larder.Open(e.Context(), e.url(param)); err == nil {
				_ = c.Close()
				e.Errorf("Go takes %s", param)
			}
		}
		for _, param := range []string{"layout=bare", "codec=raw"} { // ignored
			e.cache(param).run(e, `c.set("k", 1)`, nil)
			e.wantStored("::k", "1")
		}
		for _, scheme := range []string{"rediss", "valkey", "redis+unix", "redis+sentinel", "redis+cluster", "unix"} {
			e.wantRefused(scheme+strings.TrimPrefix(e.url(), "redis"), "AssertionError")
		}
	})
}

// wantRefused opens a URL in Python.
func (e env) wantRefused(url, exception string) {
	e.Helper()
	r, err := e.py.Ask(vars{"open": "none", "url": url})
	if err != nil || r.Raises != exception {
		e.Errorf("Python: %s: %s: %s, %v; want %s", url, r.Raises, r.Text, err, exception)
	}
}

// TestUser: Python leaves the name of a user out, and so is the default user.
func TestUser(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redistest.User("ann on >secret ~* &* +@all"), redistest.Password("default"))
	for _, p := range pythons {
		e := env{t, p, s, 0}
		_ = e.open("redis://ann:secret@" + s.Addr())
		e.wantRefused("redis://ann:secret@"+s.Addr(), "ReplyError")
		_ = p.open(t, "redis://ann:default@"+s.Addr(), nil)
	}
}

// TestPassword: in the URL, for both sides. Python sends it as it stands there, so it must need no escaping.
func TestPassword(t *testing.T) {
	t.Parallel()
	for _, p := range pythons {
		for password, both := range map[string]bool{"S3cret-~_.!": true, "with space": false, "p@ss:w/rd": false} {
			s := redistest.Start(t, redistest.Password(password))
			e := env{t, p, s, 0}
			address := "redis://:" + strings.ReplaceAll(url.QueryEscape(password), "+", "%20") + "@" + s.Addr() + "/0"
			if both {
				address = "redis://:" + password + "@" + s.Addr() + "/0"
			}
			c := larder.Of[any](e.open(address), "")
			ok(e, c.Set(e.Context(), "k", 1))
			r, err := p.Ask(vars{"open": "none", "url": address})
			if ok(t, err); (r.Raises == "") != both {
				t.Errorf("%q: Python: %s", password, r.Exception())
			}
			if both {
				_, err := p.Ask(vars{"close": "none"})
				ok(t, err)
			}
		}
	}
}
