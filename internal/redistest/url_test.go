package redistest

import (
	"testing"

	"github.com/larder-go/larder/internal/testtls"
)

func TestURL(t *testing.T) {
	files := &testtls.Files{CA: "/ca", ClientCert: "/c", ClientKey: "/k"}
	open := &Server{port: 1}
	locked := &Server{port: 2, tls: files, opts: options{password: "a b@c", clientCerts: true}}
	guard := &Server{port: 3, opts: options{password: "x&y"}}
	tests := []struct{ got, want string }{
		{open.URL(0), "redis://127.0.0.1:1/0"},
		{open.URL(7, "ttl=10m", "version=2"), "redis://127.0.0.1:1/7?ttl=10m&version=2"},
		{(&Server{socket: "/s"}).URL(3, "ttl=1m"), "redis+unix:///s?db=3&ttl=1m"},
		{locked.URL(1), "rediss://:a%20b%40c@127.0.0.1:2/1?tls_ca=%2Fca&tls_cert=%2Fc&tls_key=%2Fk"},
		{(&Cluster{nodes: []*Server{open, open}}).URL(), "redis+cluster://127.0.0.1:1,127.0.0.1:1"},
		{
			(&Sentinel{data: []*Server{open}, guards: []*Server{guard, open}}).URL(2),
			"redis+sentinel://127.0.0.1:3,127.0.0.1:1/mymaster/2?sentinel_password=x%26y",
		},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s, want %s", tt.got, tt.want)
		}
	}
}
