package redis

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/testtls"
)

func readURL(t *testing.T, raw string) (Options, error) {
	t.Helper()
	u, err := driver.ParseURL(raw)
	if err != nil {
		return Options{}, err
	}
	e, err := driver.Lookup(u.Scheme)
	if err != nil {
		t.Fatal(err)
	}
	store, err := e.OpenURL(t.Context(), u, nil, true, slog.Default())
	if err != nil {
		return Options{}, err
	}
	defer func() { _ = store.Close() }()
	return store.(*Store).options, nil
}

func TestURL(t *testing.T) {
	for raw, want := range map[string]Options{
		"redis://":                                 {},
		"redis://localhost":                        {Addresses: []string{"localhost"}},
		"redis://localhost/":                       {Addresses: []string{"localhost"}},
		"valkey://h:1/2":                           {Addresses: []string{"h:1"}, DB: 2},
		"redis://h?db=3":                           {Addresses: []string{"h"}, DB: 3},
		"redis://u:p%40%2F%3A@[::1]:7/0":           {Addresses: []string{"[::1]:7"}, User: "u", Password: "p@/:"},
		"redis://:secret@h":                        {Addresses: []string{"h"}, Password: "secret"},
		"redis://h?minsize=1&maxsize=10":           {Addresses: []string{"h"}},
		"redis://h?dial_timeout=0.5":               {Addresses: []string{"h"}, DialTimeout: 500 * time.Millisecond},
		"redis+unix:///run/redis.sock":             {Addresses: []string{"/run/redis.sock"}},
		"redis+unix://u:p@/run/a%20b?db=1":         {Addresses: []string{"/run/a b"}, DB: 1, User: "u", Password: "p"},
		"redis+sentinel://a,b:1/m":                 {Addresses: []string{"a", "b:1"}, Master: "m"},
		"redis+sentinel://:p@a;b/m/4":              {Addresses: []string{"a", "b"}, Master: "m", DB: 4, Password: "p"},
		"redis+sentinel://a/m?sentinel_password=s": {Addresses: []string{"a"}, Master: "m", SentinelPassword: "s"},
		"redis+cluster://a,[::1],[::2]:7":          {Addresses: []string{"a", "[::1]", "[::2]:7"}, Cluster: true},
		"redis+cluster://a/0":                      {Addresses: []string{"a"}, Cluster: true},
	} {
		want.Lazy, want.Logger = true, slog.Default()
		if want.DialTimeout == 0 {
			want.DialTimeout = defaultDialTimeout
		}
		got, err := readURL(t, raw)
		if err != nil || !slices.Equal(got.Addresses, want.Addresses) {
			t.Errorf("%s: %v, %v", raw, got.Addresses, err)
		}
		got.Addresses, want.Addresses = nil, nil
		if !equal(got, want) {
			t.Errorf("%s: %+v", raw, got)
		}
	}
}

func equal(a, b Options) bool {
	return a.Cluster == b.Cluster && a.Master == b.Master && a.DB == b.DB && a.User == b.User && a.Password == b.Password &&
		a.SentinelPassword == b.SentinelPassword && a.TLS == b.TLS && a.DialTimeout == b.DialTimeout && a.Lazy == b.Lazy
}

func TestBadURL(t *testing.T) {
	notPEM := filepath.Join(t.TempDir(), "not.pem")
	if err := os.WriteFile(notPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		"redis://u:secret@h/x":                          `"x"`,
		"redis://h/-1":                                  `"-1"`,
		"redis://h/0/1":                                 `"0/1"`,
		"redis://h/1?db=1":                              "twice",
		"redis://h?db=":                                 `""`,
		"redis://u:secret@a,b/0":                        "redis+sentinel://",
		"redis://h?minsize=few":                         "minsize=few",
		"redis://h?maxsize=-1":                          "maxsize=-1",
		"redis://h?dial_timeout=0":                      "dial_timeout=0",
		"redis://h?tls_ca=ca.pem":                       "not encrypted",
		"redis://h?sentinel_password=secret":            "no sentinels",
		"redis:u:secret@h":                              "the database is a number, as in /0: not \"***\"",
		"redis:///u:secret@h":                           "not \"***\"",
		"redis://h?pool=3":                              "maxsize, minsize",
		"redis+unix://host/path":                        "redis+unix:///path",
		"redis+unix:///":                                "redis+unix:///path",
		"redis+unix:///s?db=x":                          "?db=0",
		"redis+sentinel://u:secret@a,b":                 "redis+sentinel://host1,host2/master/0",
		"redis+sentinel:///m":                           "redis+sentinel://host1,host2/master/0",
		"redis+sentinel://a/m/x":                        `"x"`,
		"redis+cluster://":                              "one of its servers",
		"redis+cluster://a/1":                           "database 0 only",
		"rediss+cluster://u:secret@a?db=2":              "database 0 only",
		"rediss://h?tls_cert=c.pem":                     "tls_key",
		"rediss://h?tls_key=c.pem":                      "tls_cert",
		"redis://h?tls_verify=off":                      "not encrypted",
		"rediss://h?tls_verify=no":                      "full or off",
		"rediss://h?tls_verify=off&tls_ca=ca.pem":       "no use",
		"rediss://h?tls_ca=/no/such.pem":                "/no/such.pem",
		"rediss://h?tls_ca=" + notPEM:                   notPEM,
		"valkeys://h?tls_cert=/no/such&tls_key=/no/key": "/no/such",
	} {
		_, err := readURL(t, raw)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: want an error with %s: %v", raw, want, err)
		}
	}
}

func TestURLFiles(t *testing.T) {
	f, err := testtls.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o, err := readURL(t, "rediss://h?tls_ca="+f.CA+"&tls_cert="+f.ClientCert+"&tls_key="+f.ClientKey)
	if err != nil || o.TLS == nil || o.TLS.RootCAs == nil || len(o.TLS.Certificates) != 1 {
		t.Fatalf("%+v, %v", o.TLS, err)
	}
	if o, err = readURL(t, "valkeys://h"); err != nil || o.TLS == nil || o.TLS.RootCAs != nil {
		t.Fatalf("%+v, %v", o.TLS, err)
	}
}
