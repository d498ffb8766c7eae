package main

import (
	"net"
	"strings"
	"testing"

	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
)

// TestUnreachableIsNamed: the error says which server it was, and no password.
func TestUnreachableIsNamed(t *testing.T) {
	sh := &shell{t: t}
	for url, want := range map[string]string{
		"redis://me:s3cret@localhost:1/0":                         "redis: open: cannot connect to localhost:1: connect: connection refused\n",
		"redis+unix:///nowhere/r.sock":                            "redis: open: cannot connect to /nowhere/r.sock: connect: no such file",
		"redis+sentinel://127.0.0.1:1/m?sentinel_password=s3cret": "redis: open: cannot connect to 127.0.0.1:1: connect: connection refused\n",
		"redis+cluster://:s3cret@127.0.0.1:1":                     "redis: open: cannot connect to 127.0.0.1:1: connect: connection refused\n",
		"memcached://me:s3cret@localhost:1":                       "memcached: open: server localhost:1: ",
		"memcached+unix:///nowhere/m.sock":                        "memcached: open: server /nowhere/m.sock: ",
		"redis://me:s3cret@127.0.0.1:1?lazy=true&key_prefix=s3c":  "redis: ping: cannot connect to 127.0.0.1:1: connect: connection refused\n",
	} {
		if r := sh.run("ping", url); r.status != 2 || !strings.Contains(r.err, want) || strings.Contains(r.err, "s3cret") {
			t.Errorf("%s: %+v, want %q", url, r, want)
		}
	}
}

// TestMistakesWithTLS: what a server does that was expected to speak otherwise is told together with the mistake.
func TestMistakesWithTLS(t *testing.T) {
	needs(t, "redis-server")
	needs(t, "memcached")
	sh := &shell{t: t}
	secure, plain := redistest.Start(t, redistest.TLS(true)), redistest.Start(t)
	url := secure.URL(0)
	sh.want("~", 0, "ping", url)
	ca, _, _ := strings.Cut(url, "&tls_cert=")
	sh.fails("as by a server that wants TLS (rediss://)\n", "ping", "redis://"+secure.Addr())
	r := sh.run("ping", ca)
	if r.status != 2 || !strings.Contains(r.err, "as by a server that wants a client's certificate (tls_cert and tls_key)\n") && !strings.Contains(r.err, "certificate required") {
		t.Errorf("%s: %+v", ca, r)
	}
	var said string
	for _, limit := range []string{"200ms", "1s", "5s"} { // a busy machine may take the shorter ones to connect
		said = sh.run("ping", "rediss://"+plain.Addr()+"?dial_timeout="+limit, "--timeout", "20s").err
		if strings.Contains(said, "no answer within "+limit+" to the TLS handshake, as from a server without TLS\n") {
			said = ""
			break
		}
	}
	if said != "" {
		t.Error(said)
	}
	secret := memcachetest.Start(t, memcachetest.TLS())
	sh.fails("as by a server that wants TLS (memcached+tls://)\n", "ping", "memcached://"+secret.Addr())
	// Nothing is said of what has other reasons.
	frozen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = frozen.Close() }()
	sh.fails("no answer within 200ms\n", "ping", "redis://"+frozen.Addr().String()+"?dial_timeout=200ms")
	sh.fails("unknown authority\n", "ping", "rediss://"+secure.Addr())
}
