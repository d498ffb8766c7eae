package main

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
)

// findings runs doctor and returns what it says of each thing, by its name: "ok …" or "warn …".
func (sh *shell) findings(status int, args ...string) map[string]string {
	sh.t.Helper()
	r := sh.run(append([]string{"doctor"}, args...)...)
	if r.status != status || r.err != "" {
		sh.t.Errorf("doctor %q: %d, want %d: %s%s", args, r.status, status, r.out, r.err)
	}
	found := map[string]string{}
	for line := range strings.Lines(r.out) {
		if len(line) < 24 {
			sh.t.Fatalf("%q", line)
		}
		found[strings.TrimSpace(line[6:21])] = strings.TrimSpace(line[:4]) + " " + line[23:]
	}
	return found
}

func wantFinding(t *testing.T, found map[string]string, subject, part string) {
	t.Helper()
	if !strings.Contains(found[subject], part) {
		t.Errorf("%s: %q has no %q", subject, found[subject], part)
	}
}

func TestDoctorOnAServerThatIsWell(t *testing.T) {
	sh := redisShell(t)
	found := sh.findings(0, sh.url+"?timeout=500ms")
	for subject, text := range found {
		if !strings.HasPrefix(text, "ok ") {
			t.Errorf("%s: %s", subject, text)
		}
	}
	wantFinding(t, found, "connection", "ok redis")
	wantFinding(t, found, "time-outs", "timeout=500ms")
	wantFinding(t, found, "shared database", "none of 0 keys")
	wantFinding(t, found, "tracking", "tells of changes")
	wantFinding(t, found, "encryption", "none, on a network of one's own")
	sh.want(`{"check":"time-outs","ok":true,"text":"timeout=500ms for each call"}`+"\n~", 0, "doctor", "--json", sh.url+"?timeout=500ms")
}

func TestDoctorOnTimeouts(t *testing.T) {
	sh := redisShell(t)
	wantFinding(t, sh.findings(1), "time-outs", "warn the URL has no timeout")
	wantFinding(t, sh.findings(1, "--url", sh.url), "time-outs", "add timeout=500ms")
}

func TestDoctorOnAnEvictingServer(t *testing.T) {
	s := redistest.Start(t, redistest.Config("maxmemory 64mb", "maxmemory-policy volatile-ttl"))
	sh := &shell{t: t}
	wantFinding(t, sh.findings(1, s.URL(0, "timeout=1s")), "memory policy", "warn maxmemory 64.00M")
}

func TestDoctorOnSharedDatabases(t *testing.T) {
	for _, sh := range []*shell{redisShell(t), sqliteShell(t)} {
		const timeout = "?timeout=1s"
		sh.want("", 0, "set", "a", "1")
		wantFinding(t, sh.findings(0, sh.url+timeout), "shared database", "none of 1 keys is another")
		sh.want("", 0, "set", "theirs", "1", "--key-prefix", "app-two-"+strings.Repeat("x", 100))
		wantFinding(t, sh.findings(1, sh.url+timeout), "shared database", `warn the database has keys of others, such as "app-two-xxx`)
		found := sh.findings(0, sh.url+timeout+"&key_prefix=shop")
		wantFinding(t, found, "shared database", "clear --yes would remove theirs")
		wantFinding(t, sh.findings(0, sh.url+timeout, "--key-prefix", "shop"), "shared database", "ok others use it too")
		wantFinding(t, sh.findings(0, sh.url+timeout+"&layout=bare"), "shared database", "ok layout=bare")
	}
}

func TestDoctorOnEmbeddedEngines(t *testing.T) {
	wantFinding(t, sqliteShell(t).findings(0), "integrity", "ok the file is sound")
	memory := memoryShell(t).findings(0)
	wantFinding(t, memory, "connection", "ok memory")
	if len(memory) != 1 {
		t.Error(memory)
	}
}

func TestDoctorCannotConnect(t *testing.T) {
	sh := &shell{t: t}
	r := sh.run("doctor", "redis://u:s3cret@127.0.0.1:1")
	if r.status != 2 || !strings.HasPrefix(r.err, "larder: redis: open: ") || !strings.HasPrefix(r.out, "warn  time-outs") || strings.Contains(r.out+r.err, "s3cret") {
		t.Errorf("%+v", r)
	}
	sh.fails("given twice", "doctor", "memory://", "--url", "memory://")
	sh.fails("malformed URL", "doctor", "localhost")
}

func TestDoctorOnEncryption(t *testing.T) {
	a := &app{ctx: context.Background()}
	for url, part := range map[string]string{
		"redis://203.0.113.5":                              "203.0.113.5 is a public address, and nothing is encrypted: use rediss://",
		"memcached://203.0.113.5":                          "203.0.113.5 is a public address, and nothing is encrypted: use memcached+tls://",
		"valkey://10.0.0.1,203.0.113.5:7000":               "203.0.113.5:7000 is a public address, and nothing is encrypted: use valkeys://",
		"redis+cluster://[2001:db8::1]:6379":               "use rediss+cluster://",
		"redis://:s3cret@192.168.1.1":                      "the password goes to 192.168.1.1 as it is",
		"redis+sentinel://10.0.0.1/m?sentinel_password=s3": "the password goes to 10.0.0.1 as it is",
		"redis+sentinel://u:s3cret@[fd00::1]/m":            "use rediss+sentinel://",
		"rediss://:s3cret@10.0.0.1?tls_verify=off":         "tls_verify=off: whoever answers is believed to be the server, and is sent the password and all values: use tls_ca=",
		"rediss+cluster://localhost?tls_verify=off":        "whoever answers is believed to be the server, and is sent all values",
		"memcached+tls://203.0.113.5?tls_verify=off":       "use tls_ca=",
	} {
		got := a.judgeEncryption(address(t, url))
		if got.Fine || !strings.Contains(got.Text, part) || strings.Contains(got.Text, "s3") {
			t.Errorf("%s: %+v, want %q", url, got, part)
		}
	}
	for _, url := range []string{
		"redis://", "redis://localhost", "redis://:p@localhost", "redis://:p@127.0.0.1:7000", "redis://:p@[::1]:7000", "redis://10.1.2.3",
		"redis://172.16.0.1,192.168.0.1", "redis://[fd00::1]", "redis://[fe80::1]", "redis://169.254.1.1", "rediss://203.0.113.5", "valkeys://:p@203.0.113.5",
		"rediss+cluster://:p@203.0.113.5?tls_verify=full", "memcached+tls://203.0.113.5", "memcached://10.1.2.3", "redis+unix://:p@/run/redis.sock", "redis://name.invalid",
	} {
		if got := a.judgeEncryption(address(t, url)); !got.Fine {
			t.Errorf("%s: %+v", url, got)
		}
	}
}

func TestReachOfSeveralAddresses(t *testing.T) {
	a, b := netip.MustParseAddr("203.0.113.5"), netip.MustParseAddr("10.0.0.1")
	for _, addrs := range [][]netip.Addr{{a, b}, {b, a}} {
		if got := widestReach(addrs); got != public {
			t.Errorf("%v: %d", addrs, got)
		}
	}
}

func TestReachOfMappedAddresses(t *testing.T) {
	for text, want := range map[string]reach{"::ffff:10.0.0.1": private, "::ffff:8.8.8.8": public, "::": local, "100.64.0.1": public} {
		if got := widestReach([]netip.Addr{netip.MustParseAddr(text)}); got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func TestLookAtURLOfEmbeddedEngines(t *testing.T) {
	a := &app{ctx: context.Background()}
	for _, url := range []string{"memory://", "sqlite:x.db", "dummy://"} {
		u, err := driver.ParseURL(url)
		if err != nil || len(a.lookAtURL(u)) > 0 {
			t.Error(url, err)
		}
	}
}
