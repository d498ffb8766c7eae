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
		for _, param := range []string{"ttl=10m", "key_prefix=", "version=", "timeout=500ms"} {
			_ = e.larder(param)
			if r, err := e.py.ask(vars{"open": "none", "url": e.url(param)}); err != nil || r.Raises == "" {
				e.Errorf("Python takes %s: %v", param, err)
			}
		}
		for _, param := range []string{"whatever=1", "ttl=-1"} {
			_ = e.cache(param)
			if c, err := larder.Open(e.Context(), e.url(param)); err == nil {
				_ = c.Close()
				e.Errorf("Go takes %s", param)
			}
		}
		for _, c := range []struct{ param, why string }{{"layout=bare", "::k"}, {"codec=raw", "::k"}} { // ignored by Python
			e.cache(c.param).run(e, `c.set("k", 1)`, nil)
			e.wantStored(c.why, "1")
		}
		if r, err := e.py.ask(vars{"open": "none", "url": strings.Replace(e.url(), "redis:", "rediss:", 1)}); err != nil || !strings.HasPrefix(r.Raises, "Assertion") {
			e.Errorf("Python takes rediss: %v", err)
		}
	})
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
			r, err := p.ask(vars{"open": "none", "url": address})
			if ok(t, err); (r.Raises == "") != both {
				t.Errorf("%q: Python: %s", password, r.exception())
			}
			if both {
				_, err := p.ask(vars{"close": "none"})
				ok(t, err)
			}
		}
	}
}
