package redistest

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/larder-go/larder/internal/testtls"
)

// URL is what the engine under test opens: redis://, rediss:// or redis+unix:// with the default user's password, a
// database, and for TLS the files that a client needs. Parameters, such as "ttl=10m", are added.
func (s *Server) URL(db int, params ...string) string {
	if s.socket != "" {
		params = append([]string{fmt.Sprintf("db=%d", db)}, params...)
		return withParams("redis+unix://"+s.opts.userinfo()+s.socket, params)
	}
	return s.withTLS("", fmt.Sprintf("%s/%d", s.Addr(), db), params)
}

// URL is what the engine under test opens: redis+cluster:// or rediss+cluster:// with all nodes.
func (c *Cluster) URL(params ...string) string {
	return c.nodes[0].withTLS("+cluster", strings.Join(c.Addrs(), ","), params)
}

// URL is what the engine under test opens: redis+sentinel:// or rediss+sentinel:// with all sentinels and
// MasterName.
func (s *Sentinel) URL(db int, params ...string) string {
	if guard := s.guards[0].opts.password; guard != "" {
		params = append([]string{"sentinel_password=" + url.QueryEscape(guard)}, params...)
	}
	place := fmt.Sprintf("%s/%s/%d", strings.Join(s.Addrs(), ","), MasterName, db)
	return s.data[0].withTLS("+sentinel", place, params)
}

// withTLS is a URL with or without TLS, as the server has it, and with what a client needs for it.
func (s *Server) withTLS(suffix, place string, params []string) string {
	scheme := "redis"
	if s.tls != nil {
		scheme = "rediss"
		params = append(tlsParams(s.tls, s.opts.clientCerts), params...)
	}
	return withParams(scheme+suffix+"://"+s.opts.userinfo()+place, params)
}

func (o options) userinfo() string {
	if o.password == "" {
		return ""
	}
	return url.UserPassword("", o.password).String() + "@"
}

func tlsParams(f *testtls.Files, clientCerts bool) []string {
	params := []string{"tls_ca=" + url.QueryEscape(f.CA)}
	if clientCerts {
		params = append(params, "tls_cert="+url.QueryEscape(f.ClientCert), "tls_key="+url.QueryEscape(f.ClientKey))
	}
	return params
}

func withParams(address string, params []string) string {
	if len(params) == 0 {
		return address
	}
	return address + "?" + strings.Join(params, "&")
}
