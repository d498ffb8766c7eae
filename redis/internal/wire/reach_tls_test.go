package wire

import (
	"crypto/tls"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHungUpBehindTheHandshake: a server that wants a certificate says so too late for some clients to hear it.
func TestHungUpBehindTheHandshake(t *testing.T) {
	secure := httptest.NewTLSServer(nil) // for its certificate
	defer secure.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", secure.TLS)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).Handshake()
			_ = conn.Close()
		}
	}()
	const hint = "as by a server that wants a client's certificate (tls_cert and tls_key)"
	without := &tls.Config{InsecureSkipVerify: true}
	if _, err := Reach(t.Context(), l.Addr().String(), without); err == nil || !strings.Contains(err.Error(), hint) {
		t.Error(err)
	}
	with := &tls.Config{InsecureSkipVerify: true, Certificates: secure.TLS.Certificates}
	if _, err := Reach(t.Context(), l.Addr().String(), with); err == nil || strings.Contains(err.Error(), hint) {
		t.Error(err)
	}
}
