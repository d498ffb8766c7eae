package celery

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
)

func TestURLs(t *testing.T) {
	for raw, want := range map[string]string{
		"redis://":                                       "redis://localhost",
		"redis://u:p%40%2F@h:1/2":                        "redis://u:p%40%2F@h:1/2",
		"redis://h/1/":                                   "redis://h/1",
		"redis://h/1?db=2":                               "redis://h/2",
		"redis://h?db=0":                                 "redis://h",
		"redis://h?username=u&password=p%20w":            "redis://u:p%20w@h",
		"redis://u:p@h?password=q":                       "redis://u:q@h",
		"redis://h?socket_connect_timeout=1.5":           "redis://h?dial_timeout=1.5",
		"redis://[::1]:7/1":                              "redis://[::1]:7/1",
		"rediss://h?ssl_cert_reqs=required":              "rediss://h",
		"rediss://h?ssl_cert_reqs=CERT_NONE":             "rediss://h?tls_verify=off",
		"rediss://h?ssl_cert_reqs=none&ssl_ca_certs=/ca": "rediss://h?tls_verify=off",
		"rediss://h?ssl_cert_reqs=CERT_OPTIONAL&ssl_ca_certs=%2Fca.pem&ssl_certfile=/c&ssl_keyfile=/k": "rediss://h?tls_ca=%2Fca.pem&tls_cert=%2Fc&tls_key=%2Fk",
		"rediss://h":                 "rediss://h",
		"valkey://h/1":               "valkey://h/1",
		"redis+socket:///tmp/r.sock": "redis+unix:///tmp/r.sock",
		"redis+socket://:p@/tmp/r.sock?virtual_host=3":     "redis+unix://:p@/tmp/r.sock?db=3",
		"socket:///tmp/r.sock?db=4&virtual_host=3":         "redis+unix:///tmp/r.sock?db=4",
		"sentinel://a:1;sentinel://b:2/0?master_name=x":    "",
		"sentinel://:p@a:1/3?master_name=m;sentinel://b:2": "redis+sentinel://:p@a:1;b:2/m/3",
		"sentinel://a?master_name=m;b;c:3":                 "redis+sentinel://a;b;c:3/m",
		"sentinel://a?master_name=m&sentinel_password=s":   "redis+sentinel://a/m?sentinel_password=s",
		"redis+cluster://a,b":                              "redis+cluster://a,b",
		"redis+sentinel://a,b/m/1":                         "redis+sentinel://a,b/m/1",
		"redis+unix:///r.sock?db=1":                        "redis+unix:///r.sock?db=1",
		"cache+memcached://a:1;b:2/":                       "memcached://a:1;b:2/?hash=modula&keys=verbatim",
		"memcached://a,b":                                  "memcached://a,b/?hash=modula&keys=verbatim",
		"pylibmc://a;b//":                                  "memcached://a;b/?hash=modula&keys=verbatim",
		"cache+pylibmc://a":                                "memcached://a/?hash=modula&keys=verbatim",
		"memcache://u:p@a;b?hash=ketama":                   "memcached://u:p@a;b/?hash=ketama&keys=verbatim",
		"cache+memcache://a?keys=hashed&on_down=miss":      "memcached://a/?keys=hashed&on_down=miss&hash=modula",
		"cache+memcached:///tmp/m.sock":                    "memcached+unix:///tmp/m.sock?keys=verbatim",
		"memcached://unix:/tmp/m.sock/":                    "memcached+unix:///tmp/m.sock?keys=verbatim",
		"memcached+unix:///tmp/m.sock":                     "memcached+unix:///tmp/m.sock?keys=verbatim",
		"memcached+tls://a;b":                              "memcached+tls://a;b/?hash=modula&keys=verbatim",
		"memory://":                                        "memory://",
		"REDIS://H/1":                                      "redis://H/1",
		"Cache+Memcached://A":                              "memcached://A/?hash=modula&keys=verbatim",
		"memory":                                           "memory://",
		"memory://name":                                    "memory://name",
		"cache+memory://":                                  "memory://celery",
		"cache+memory":                                     "memory://celery",
		"sqlite:results.db?sync=off":                       "sqlite:results.db?sync=off",
		"sqlite:///tmp/results.db":                         "sqlite:///tmp/results.db",
	} {
		a, err := translate(Config{ResultBackend: raw})
		if want == "" {
			if err == nil {
				t.Errorf("%s: %s is taken", raw, a.engine)
			}
		} else if err != nil || a.engine != want {
			t.Errorf("%s: %s, %v, want %s", raw, a.engine, err, want)
		}
	}
}

func TestURLsThatAreWrong(t *testing.T) {
	for raw, want := range map[string]string{
		"":                                   "there is none",
		"cache":                              "cache_backend",
		"rpc":                                `"rpc" is no URL`,
		"rpc://":                             `unknown scheme "rpc"`,
		"db+sqlite:///x":                     `unknown scheme "db+sqlite"`,
		"cache+nosuch://a":                   `"nosuch" is unknown; known: memcache, memcached, pylibmc, memory`,
		"cache+redis://a":                    `"redis" is unknown`,
		"redis://a;b":                        "several servers",
		"redis://h/x":                        `not "x"`,
		"redis://h/-1":                       "the database is a number",
		"redis://h?nosuch=1":                 `unknown parameter "nosuch"`,
		"redis://h?ttl=10m":                  "result_expires",
		"redis://h?key_prefix=x":             "global_keyprefix",
		"redis://h?near=1mb":                 "no near copy",
		"redis://h?ssl_ca_certs=/ca":         "rediss://",
		"redis://h?socket_connect_timeout=x": "socket_connect_timeout",
		"rediss://h?ssl_cert_reqs=bad":       "CERT_REQUIRED",
		"redis+socket://h/x":                 "three slashes",
		"redis+socket:///":                   "three slashes",
		"sentinel://a/0":                     "master_name",
		"sentinel://":                        "sentinel 1 is not named",
		"sentinel://a;":                      "master_name",
		"memcached://":                       "no server is named",
		"memcached://a/db":                   "no databases",
		"memcached://a?hash=nosuch":          "hash=nosuch",
		"memcached:///a.sock;/b.sock":        "more than one unix socket",
		"redis://u:s3cret@h:x/":              "port",
	} {
		b, err := NewBackend(Config{ResultBackend: raw}, kvQuiet)
		if err == nil {
			_ = b.Close()
			t.Errorf("%s is taken", raw)
			continue
		}
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want one that says %q", raw, err, want)
		}
	}
}

func TestWhatMeansNothingIsToldAndLogged(t *testing.T) {
	for raw, want := range map[string]string{
		"redis://h?socket_timeout=5&health_check_interval=30": "health_check_interval, socket_timeout",
		"redis://h?max_connections=3&retry_on_timeout=true":   "max_connections, retry_on_timeout",
		"redis://h/1?virtual_host=3":                          "virtual_host",
		"sentinel://:a@h?master_name=m;sentinel://:b@i/3":     "password of sentinel 2, database of sentinel 2",
		"redis://h": "",
	} {
		log := &kvLog{}
		b, err := NewBackend(Config{ResultBackend: raw}, log.option())
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		words := strings.Split(want, ", ")
		if want == "" {
			words = nil
		}
		for _, word := range words {
			said := slices.ContainsFunc(b.Warnings(), func(w Warning) bool { return strings.Contains(w.String(), word) })
			if !said || !strings.Contains(log.String(), word) {
				t.Errorf("%s: %v, logged %s", raw, b.Warnings(), log)
			}
		}
		if len(b.Warnings()) != len(words) {
			t.Errorf("%s: %v", raw, b.Warnings())
		}
		_ = b.Close()
	}
}

func TestSettingsBesideTheURL(t *testing.T) {
	for _, tt := range []struct {
		cfg  Config
		want string
	}{
		{Config{ResultBackend: "redis"}, "redis://localhost"},
		{Config{ResultBackend: "redis", Redis: RedisConfig{Host: "h", Port: 7, DB: 2, Username: "u", Password: "p"}}, "redis://u:p@h:7/2"},
		{Config{ResultBackend: "redis", Redis: RedisConfig{Host: "redis://x/1", Password: "p"}}, "redis://:p@x/1"},
		{Config{ResultBackend: "redis", Redis: RedisConfig{Host: "::1", Port: 7}}, "redis://[::1]:7"},
		{Config{ResultBackend: "redis", Redis: RedisConfig{BackendUseSSL: map[string]string{"ssl_ca_certs": "/ca"}}}, "rediss://localhost?tls_ca=%2Fca"},
		{Config{ResultBackend: "rediss://h", Redis: RedisConfig{BackendUseSSL: map[string]string{"ssl_cert_reqs": "required", "ssl_ca_certs": "/ca"}}}, "rediss://h?tls_ca=%2Fca"},
		{Config{ResultBackend: "redis://h", Redis: RedisConfig{ConnectTimeout: 2 * time.Second}}, "redis://h?dial_timeout=2s"},
		{Config{ResultBackend: "redis://:a@h", Redis: RedisConfig{Password: "p"}}, "redis://:a@h"},
		{Config{ResultBackend: "sentinel://a", ResultBackendTransportOptions: TransportOptions{MasterName: "m", SentinelPassword: "s"}}, "redis+sentinel://a/m?sentinel_password=s"},
		{Config{ResultBackend: "sentinel://a", ResultBackendTransportOptions: TransportOptions{MasterName: "m"}, Redis: RedisConfig{BackendUseSSL: map[string]string{"ssl_cert_reqs": "required"}}}, "rediss+sentinel://a/m"},
		{Config{ResultBackend: "cache", CacheBackend: "memcached://a"}, "memcached://a/?hash=modula&keys=verbatim"},
		{Config{ResultBackend: "cache", CacheBackend: "memory"}, "memory://celery"},
		{Config{ResultBackend: "cache", CacheBackend: "cache+pylibmc://a/"}, "memcached://a/?hash=modula&keys=verbatim"},
	} {
		a, err := translate(tt.cfg)
		if err != nil || a.engine != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.cfg.ResultBackend, a.engine, err, tt.want)
		}
	}
	for _, cfg := range []Config{
		{ResultBackend: "redis://h", Redis: RedisConfig{BackendUseSSL: map[string]string{"ssl_cert_reqs": "required"}}},
		{ResultBackend: "redis", Redis: RedisConfig{BackendUseSSL: map[string]string{"nosuch": "1"}}},
	} {
		if a, err := translate(cfg); err == nil {
			t.Errorf("%s is taken", a.engine)
		}
	}
}

func TestServersAndURIs(t *testing.T) {
	for raw, want := range map[string][3]string{ // servers, URI, FullURI
		"cache+memcached://u:pw@A:1;b:2/":                   {"A:1 b:2", "memcached://u:**@A:1;b:2/", "memcached://u:pw@A:1;b:2/"},
		"memcached://a,b?hash=ketama":                       {"a b", "memcached://a;b/", "memcached://a,b?hash=ketama"},
		"redis://u:pw@H/1?db=2":                             {"H", "redis://u:**@h/1", "redis://u:pw@H/1?db=2"},
		"redis+socket:///tmp/r.sock?virtual_host=3":         {"/tmp/r.sock", "socket:///tmp/r.sock", "socket:///tmp/r.sock?virtual_host=3"},
		"redis+cluster://:pw@a,b:7":                         {"a b:7", "redis+cluster://:**@a;b:7", "redis+cluster://:pw@a,b:7"},
		"redis+sentinel://:pw@a,b/m/1?sentinel_password=pw": {"a b", "redis+sentinel://:**@a;b/m/1", "redis+sentinel://:pw@a,b/m/1?sentinel_password=pw"},
		"sqlite:x.db":                 {"x.db", "sqlite:x.db", "sqlite:x.db"},
		"sqlite:///tmp/x.db?sync=off": {"/tmp/x.db", "sqlite:///tmp/x.db", "sqlite:///tmp/x.db?sync=off"},
		"cache+memory://":             {"", "memory:///", "memory:///"},
		"memory://":                   {"", "memory:///", "memory://"},
		"redis":                       {"localhost", "", ""},
	} {
		a, err := translate(Config{ResultBackend: raw})
		if got := [3]string{strings.Join(a.servers, " "), a.masked, a.full}; got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", raw, got, err, want)
		}
	}
}

func TestCacheMemoryIsOneForTheProcess(t *testing.T) {
	one, two := kvOpen(t, "cache+memory://"), kvOpen(t, "cache+memory")
	kvWant(t, one, "shared", "v")
	if got, err := two.Get(t.Context(), "shared"); string(got) != "v" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	own := kvOpen(t, "memory://")
	if _, err := own.Get(t.Context(), "shared"); !errors.Is(err, ErrMiss) {
		t.Errorf("memory:// is its own: %v", err)
	}
}

func TestCeleryURLsConnect(t *testing.T) {
	plain := redistest.Start(t, redistest.UnixSocket())
	secret := redistest.Start(t, redistest.TLS(true), redistest.Password("s3/cret"))
	cache := memcachetest.Start(t, memcachetest.UnixSocket())
	for _, rawURL := range []string{
		"redis+socket://" + plain.Socket() + "?virtual_host=3",
		"rediss://:s3%2Fcret@" + secret.Addr() + "/1?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=" + secret.TLS().CA +
			"&socket_connect_timeout=20&ssl_certfile=" + secret.TLS().ClientCert + "&ssl_keyfile=" + secret.TLS().ClientKey,
		"cache+memcached://" + cache.Socket(),
		"memcached://unix:" + cache.Socket() + "/",
	} {
		b := kvOpen(t, rawURL)
		kvWant(t, b, "k", "v")
		if strings.Contains(b.URI(), "s3") || !strings.Contains(b.FullURI(), b.Servers()[0]) {
			t.Errorf("%s, %s", b.URI(), b.FullURI())
		}
	}
	if got := plain.DB(3).MustDo(t, "GET", "k"); got != "v" {
		t.Errorf("database 3 has %q", got)
	}
}

// A certificate for 127.0.0.1 is none for 127.0.0.2, where somebody else may stand.
func TestTheNameInACertificateIsChecked(t *testing.T) {
	s := redistest.Start(t, redistest.TLS(false))
	other, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("this machine has no second address: %v", err)
	}
	defer other.Close()
	go forward(other, s.Addr())
	for addr, want := range map[string]bool{s.Addr(): true, other.Addr().String(): false} {
		b, err := OpenBackend(t.Context(), "rediss://"+addr+"?ssl_cert_reqs=required&ssl_ca_certs="+s.TLS().CA, kvQuiet)
		if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "certificate is valid for") {
			t.Errorf("%s: %v", addr, err)
		}
		if err == nil {
			_ = b.Close()
		}
	}
}

// forward hands connections on until the listener is closed.
func forward(from net.Listener, to string) {
	for {
		in, err := from.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", to)
		if err != nil {
			_ = in.Close()
			continue
		}
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
	}
}

func TestSentinelConnects(t *testing.T) {
	s := redistest.StartSentinel(t)
	var parts []string
	for _, addr := range s.Addrs() {
		parts = append(parts, "sentinel://"+addr+"/1")
	}
	b := kvOpen(t, strings.Join(parts, ";"), configured(Config{ResultBackendTransportOptions: TransportOptions{MasterName: redistest.MasterName}}))
	kvWant(t, b, "k", "v")
	if got := s.Primary().DB(1).MustDo(t, "GET", "k"); got != "v" {
		t.Errorf("the primary has %q", got)
	}
}

// What a URL says arrives at the engine as it was meant, whatever it consists of, and is never printed.
func TestURLsOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ -~ż]{1,12}`)
		user, password, db := word.Draw(t, "user"), "<"+word.Draw(t, "password")+">", rapid.IntRange(0, 99).Draw(t, "db")
		own := target{scheme: "redis", user: user, password: password, hasPassword: true, hosts: []string{"h:1"}}
		own.set("db", strconv.Itoa(db))
		a, err := translate(Config{ResultBackend: own.String()})
		if err != nil {
			t.Fatalf("%s: %v", own.String(), err)
		}
		u, err := driver.ParseURL(a.engine)
		if err != nil || u.User != user || u.Password != password || "/"+strconv.Itoa(db) != orDefault(u.Path, "/0") {
			t.Fatalf("%s: %+v, %v", a.engine, u, err)
		}
		if strings.Contains(a.masked, quote(password)) || !strings.Contains(a.masked, ":**@") {
			t.Fatal(a.masked)
		}
	})
}

func FuzzURL(f *testing.F) {
	for _, raw := range []string{
		"redis://u:p@h:1/2?socket_timeout=5", "sentinel://:p@a:1/0;sentinel://b:2?master_name=m", "cache+memcached://u:p@a:1:2;b/?hash=crc",
		"redis+socket:///r?virtual_host=1", "cache", "memory", "rediss://h?ssl_cert_reqs=none", "sqlite:x.db", "memcached://unix:/x;y", "memCAChe:?",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := translate(Config{ResultBackend: raw, CacheBackend: raw})
		if err != nil {
			if !errors.Is(err, ErrConfig) {
				t.Errorf("%q: %v is no ErrConfig", raw, err)
			}
			return
		}
		u, err := driver.ParseURL(a.engine)
		if err != nil {
			t.Fatalf("%q became %q: %v", raw, a.engine, err)
		}
		if len(u.Password) > 3 && strings.Contains(a.masked, ":"+u.Password+"@") && !strings.Contains(u.Path, u.Password) {
			t.Errorf("%q: %q has the password", raw, a.masked)
		}
		if _, err := translate(Config{ResultBackend: a.engine}); err != nil {
			t.Errorf("%q became %q, which is not taken: %v", raw, a.engine, err)
		}
	})
}

func TestFilesOfTLSAreReadAtOnce(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.pem")
	if err := os.WriteFile(bad, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewBackend(Config{ResultBackend: "rediss://h?ssl_ca_certs=" + bad}, kvQuiet); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("%v", err)
	}
}
