package driver_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

func parse(t testing.TB, raw string) *driver.URL {
	t.Helper()
	u, err := driver.ParseURL(raw)
	if err != nil {
		t.Fatalf("ParseURL(%q): %v", raw, err)
	}
	return u
}

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]driver.URL{
		"memory://":                      {Scheme: "memory"},
		"MEMORY:":                        {Scheme: "memory"},
		"memory://name":                  {Scheme: "memory", Hosts: []string{"name"}},
		"sqlite:relative.db":             {Scheme: "sqlite", Path: "relative.db"},
		"sqlite:///abs/file.db":          {Scheme: "sqlite", Path: "/abs/file.db"},
		"sqlite:dir%20a/b%3Fc":           {Scheme: "sqlite", Path: "dir a/b?c"},
		"sqlite:a+b":                     {Scheme: "sqlite", Path: "a+b"},
		"redis://h:6379/1":               {Scheme: "redis", Hosts: []string{"h:6379"}, Path: "/1"},
		"redis://u:p%40%3A%2F@h":         {Scheme: "redis", User: "u", Password: "p@:/", HasPassword: true, Hosts: []string{"h"}},
		"redis://:p@h":                   {Scheme: "redis", Password: "p", HasPassword: true, Hosts: []string{"h"}},
		"redis://u:@h":                   {Scheme: "redis", User: "u", HasPassword: true, Hosts: []string{"h"}},
		"redis://a@b@h":                  {Scheme: "redis", User: "a@b", Hosts: []string{"h"}},
		"redis+cluster://a,b:1":          {Scheme: "redis+cluster", Hosts: []string{"a", "b:1"}},
		"memcached://[::1]:1;[fe80::2]/": {Scheme: "memcached", Hosts: []string{"[::1]:1", "[fe80::2]"}, Path: "/"},
		"memcached://a:1:3,b,[::1]:2:1":  {Scheme: "memcached", Hosts: []string{"a:1", "b", "[::1]:2"}, Weights: []int{3, 1, 1}},
		"pylibmc://a;b:1:2":              {Scheme: "pylibmc", Hosts: []string{"a", "b:1"}, Weights: []int{1, 2}},
		"redis+unix:///run/r.sock":       {Scheme: "redis+unix", Path: "/run/r.sock"},
	} {
		if u := parse(t, raw); !reflect.DeepEqual(*u, want) {
			t.Errorf("%s = %+v; want %+v", raw, *u, want)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, raw := range []string{
		"", ":", "://", "1a:", "a b:", "/path", "memory", "redis://h:0", "redis://h:65536", "redis://h:port", "redis://[::1", "redis://[]", "redis://[::1]x",
		"redis://[zz]", "redis://:80", "redis://h#x", "redis://h?a=b#c", "redis://h?a", "redis://h?=b", "redis://h?a=1&a=2", "redis://h?a=1&&b=2",
		"redis://h?a=%", "redis://h?a=%zz", "redis://h/%f", "redis://%4:x@h", "memory://a b", "memory:\n", "memory:\x7f", "redis://h?a=1&", "redis:://h", "redis:::://h",
		"memory://,", "memory://;n", "redis://a;;b", "memory://@", "redis://@h", "memory://user:1?topsecret=x@host",
		"redis://h:1:2", "memcached://h:1:0", "memcached://h:1:-1", "memcached://h:1:x", "memcached://h:1:", "memcached://h:1:2:3", "memcached://h:0:1",
		"memcached://::1", "memcached://[::1]:1:4294967296",
	} {
		if u, err := driver.ParseURL(raw); err == nil {
			t.Errorf("ParseURL(%q) = %+v", raw, *u)
		}
	}
}

func TestMask(t *testing.T) {
	for raw, want := range map[string]string{
		"memory:":                   "memory://",
		"sqlite:dir/a b.db?sync=no": "sqlite:dir/a%20b.db?sync=no",
		"redis://u:secret@a:1,b/0":  "redis://u:***@a:1;b/0",
		"redis://:secret@a":         "redis://:***@a",
		"redis://a?sentinel_password=secret&password=x&ttl=5": "redis://a?sentinel_password=***&password=***&ttl=5",
		"memory://?key_prefix=a%26b%3D%25&version=1+2":        "memory://?key_prefix=a%26b%3D%25&version=1+2",
	} {
		if got := parse(t, raw).String(); got != want {
			t.Errorf("%s prints as %s; want %s", raw, got, want)
		}
	}
}

func TestParams(t *testing.T) {
	u := parse(t, "x:?n=5&neg=-1&b=true&zero=0&d=90&ms=250ms&half=0.5&bytes=64kb&huge=9223372036854775807gb&w=b&empty=&password=secret")
	if n, err := u.Int("n", 1, 0); n != 5 || err != nil {
		t.Error(n, err)
	}
	if n, err := u.Int("absent", 7, 9); n != 7 || err != nil {
		t.Error(n, err)
	}
	if b, err := u.Bool("b", false); !b || err != nil {
		t.Error(b, err)
	}
	if b, err := u.Bool("zero", true); b || err != nil {
		t.Error(b, err)
	}
	for name, want := range map[string]time.Duration{"d": 90 * time.Second, "ms": 250 * time.Millisecond, "half": 500 * time.Millisecond, "absent": 3} {
		if d, err := u.Duration(name, 3); d != want || err != nil {
			t.Errorf("%s = %v, %v; want %v", name, d, err, want)
		}
	}
	if n, err := u.Bytes("bytes", 0); n != 64<<10 || err != nil {
		t.Error(n, err)
	}
	if w, err := u.OneOf("w", "a", "b"); w != "b" || err != nil {
		t.Error(w, err)
	}
	if w, err := u.OneOf("absent", "a", "b"); w != "a" || err != nil {
		t.Error(w, err)
	}
	wrongParams(t, u)
}

func wrongParams(t *testing.T, u *driver.URL) {
	second := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"neg": second(u.Int("neg", 0, 0)), "b": second(u.Int("b", 0, 0)), "n": second(u.Bool("n", false)), "zero": second(u.Duration("zero", 0)),
		"huge": second(u.Bytes("huge", 0)), "w": second(u.OneOf("w", "c", "d")), "empty": second(u.Duration("empty", 0)),
		"password": second(u.Int("password", 0, 0)),
	} {
		if err == nil || !strings.Contains(err.Error(), name+"=") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := u.CheckParams("n", "neg"); err == nil || !strings.Contains(err.Error(), `"b"`) || !strings.Contains(err.Error(), "known: n, neg") {
		t.Errorf("an unknown parameter: %v", err)
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"600": 600 * time.Second, "10m": 10 * time.Minute, "1h30m": 90 * time.Minute, "0.5": 500 * time.Millisecond, "0": 0, "-5": -5 * time.Second,
		"1e3": -99, "": -99, "soon": -99, "5 m": -99, "1.2.3": -99, "--5": -99, "5d": -99, "NaN": -99, "Inf": -99, "0x10": -99, ".": -99, "-": -99,
		"99999999999": driver.MaxTTL + 1, "-99999999999": -driver.MaxTTL - 1, "999999999999999999999999": driver.MaxTTL + 1,
		"3153600000": driver.MaxTTL, "3153600000.5": driver.MaxTTL + 1,
	} {
		d, err := driver.ParseDuration(text)
		if want == -99 {
			if err == nil {
				t.Errorf("%q = %v; want an error", text, d)
			}
		} else if d != want || err != nil {
			t.Errorf("%q = %v, %v; want %v", text, d, err, want)
		}
	}
	if d, err := driver.ParseDuration(strings.Repeat("9", 400)); d != driver.MaxTTL+1 || err != nil {
		t.Errorf("400 digits = %v, %v", d, err)
	}
}

func TestLookup(t *testing.T) {
	if _, err := driver.Lookup("nosuch"); err == nil || !strings.Contains(err.Error(), `"nosuch"`) {
		t.Errorf("an unknown scheme: %v", err)
	}
	if _, err := driver.Lookup("sqlite"); err == nil || !strings.Contains(err.Error(), `import _ "github.com/larder-go/larder/sqlite"`) {
		t.Errorf("an engine that is not linked in: %v", err)
	}
}

// FuzzParseURL: nothing panics, no password is printed, and what is printed is read back as the same.
func FuzzParseURL(f *testing.F) {
	for _, s := range []string{
		"memory://", "redis://u:p@h:1;[::1]:2/0?a=b&c=%26", "sqlite:a%20b?ttl=5", "sqlite:////x", "x://@", "x:?", "redis://u:p%zz@h", "x:a:b@c", "x://;,/", "x:://",
	} {
		f.Add(s)
	}
	const secret = "s3cr3tPassw0rd"
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := driver.ParseURL(raw)
		if err == nil {
			printed := u.String()
			back, err := driver.ParseURL(printed)
			if err != nil {
				t.Fatalf("%q prints as %q, which is not read: %v", raw, printed, err)
			}
			if u.HasPassword {
				back.Password = u.Password
			}
			if back.String() != printed || back.Scheme != u.Scheme || back.Path != u.Path || back.User != u.User || !reflect.DeepEqual(back.Hosts, u.Hosts) {
				t.Errorf("%q: %+v prints as %q: %+v", raw, u, printed, back)
			}
		}
		scheme, rest, found := strings.Cut(raw, "://")
		if !found || strings.Contains(strings.TrimRight(scheme, ":"), ":") || strings.Contains(raw, secret) {
			return
		}
		u, err = driver.ParseURL(scheme + "://user:" + secret + "@" + rest)
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error prints the password: %v", err)
		}
		if err == nil && strings.Contains(u.String(), secret) {
			t.Errorf("the URL prints the password: %s", u)
		}
	})
}
