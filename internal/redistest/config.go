package redistest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/larder-go/larder/internal/testtls"
)

func (s *Server) configFile() string { return filepath.Join(s.dir, "server.conf") }

func (s *Server) writeConfig() error {
	lines := append(s.listenLines(), s.commonLines()...)
	if !s.opts.sentinel {
		lines = append(lines, s.dataLines()...)
	}
	lines = append(lines, s.opts.lines...)
	return os.WriteFile(s.configFile(), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

func (s *Server) listenLines() []string {
	switch {
	case s.opts.socket:
		return []string{"port 0", fmt.Sprintf("unixsocket %q", s.socket)}
	case s.opts.tls:
		return append(tlsLines(s.tls, s.opts.clientCerts), "tls-replication yes", "port 0", fmt.Sprintf("tls-port %d", s.port))
	}
	return []string{fmt.Sprintf("port %d", s.port)}
}

func tlsLines(f *testtls.Files, clientCerts bool) []string {
	auth := "no"
	if clientCerts {
		auth = "yes"
	}
	return []string{
		fmt.Sprintf("tls-ca-cert-file %q", f.CA),
		fmt.Sprintf("tls-cert-file %q", f.ServerCert),
		fmt.Sprintf("tls-key-file %q", f.ServerKey),
		"tls-auth-clients " + auth,
	}
}

func (s *Server) commonLines() []string {
	lines := []string{
		"bind 127.0.0.1",
		"protected-mode no",
		"daemonize no",
		`logfile ""`,
		fmt.Sprintf("dir %q", s.dir),
		fmt.Sprintf("user %s on >%s ~* &* +@all", admin, s.secret),
	}
	if s.opts.password != "" {
		lines = append(lines, fmt.Sprintf("requirepass %q", s.opts.password))
	}
	return lines
}

func (s *Server) dataLines() []string {
	lines := []string{
		`save ""`,
		"enable-debug-command yes",
		fmt.Sprintf("databases %d", databases),
	}
	if s.opts.clusterNodes {
		lines = append(lines, "cluster-enabled yes", fmt.Sprintf("cluster-port %d", s.bus))
		if s.opts.tls {
			lines = append(lines, "tls-cluster yes")
		}
	}
	if s.opts.password != "" { // as a replica
		lines = append(lines, fmt.Sprintf("masterauth %q", s.opts.password))
	}
	return lines
}
