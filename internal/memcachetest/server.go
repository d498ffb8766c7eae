// Package memcachetest starts real memcached servers for tests, each on a free port of the loopback or on a unix socket, and
// ends exactly what it started.
//
// A test looks at the raw state of a server with Ask, which speaks the text protocol with a few lines of its own: what the
// client under test believes is never what it is checked against.
package memcachetest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/internal/testtls"
)

// Server is one server process. Its methods may be called concurrently, except that those that change the process (Kill,
// Restart, Freeze, Thaw) are for one goroutine at a time.
type Server struct {
	*testproc.Server

	opts   options
	dir    string
	port   int
	socket string // instead of port
	tls    *testtls.Files
}

// Option says how a server differs from the plain one.
type Option func(*options)

type options struct {
	socket, tls    bool
	ipv6           bool
	user, password string
	args           []string
}

// UnixSocket makes the server listen on a unix socket only.
func UnixSocket() Option { return func(o *options) { o.socket = true } }

// IPv6 makes the server listen on [::1].
func IPv6() Option { return func(o *options) { o.ipv6 = true } }

// TLS makes the server listen with TLS only, with a certificate for 127.0.0.1 and localhost of a CA made for it. Server.TLS tells
// where the files are.
func TLS() Option { return func(o *options) { o.tls = true } }

// Auth makes the server ask for a user and a password.
func Auth(user, password string) Option {
	return func(o *options) { o.user, o.password = user, password }
}

// Args adds arguments of the command line: "-I", "8m".
func Args(args ...string) Option { return func(o *options) { o.args = append(o.args, args...) } }

// Start starts a server for a test, waits until it answers, and ends it when the test is over. The end of its log is
// in the log of a test that fails.
func Start(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	s, stop, err := StartMain(opts...)
	if err != nil {
		tb.Fatalf("memcachetest: %v", err)
	}
	tb.Cleanup(func() {
		s.ShowLog(tb, "memcached on "+s.Addr())
		stop()
	})
	return s
}

// StartMain starts a server for all tests of a binary, from TestMain. Who calls it calls stop.
func StartMain(opts ...Option) (s *Server, stop func(), err error) {
	dir, err := os.MkdirTemp("", "mct") // short, because the path of a socket has a limit of about 100 bytes
	if err != nil {
		return nil, nil, err
	}
	s = &Server{Server: testproc.NewServer(filepath.Join(dir, "log")), dir: dir}
	for _, opt := range opts {
		opt(&s.opts)
	}
	if err := s.start(); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, func() { s.Kill(); _ = os.RemoveAll(dir) }, nil
}

func (s *Server) start() error {
	if err := s.prepare(); err != nil {
		return err
	}
	return s.RunSomewhere(func() (err error) {
		if s.port, err = testproc.FreePort(); err != nil {
			return err
		}
		return s.run()
	})
}

// prepare makes what does not depend on the port.
func (s *Server) prepare() (err error) {
	if s.opts.socket {
		s.socket = filepath.Join(s.dir, "s")
	}
	if s.opts.tls {
		s.tls, err = testtls.New(s.dir)
	}
	if err == nil && s.opts.user != "" {
		err = os.WriteFile(s.authFile(), []byte(s.opts.user+":"+s.opts.password+"\n"), 0o600)
	}
	return err
}

func (s *Server) authFile() string { return filepath.Join(s.dir, "auth") }

func (s *Server) args() []string {
	args := []string{"-U", "0", "-m", "1024"}
	if os.Geteuid() == 0 {
		args = append(args, "-u", "root")
	}
	if s.socket != "" {
		args = append(args, "-s", s.socket)
	} else {
		args = append(args, "-l", s.host(), "-p", strconv.Itoa(s.port))
	}
	if s.tls != nil {
		args = append(args, "-Z", "-o", "ssl_chain_cert="+s.tls.ServerCert+",ssl_key="+s.tls.ServerKey)
	}
	if s.opts.user != "" {
		args = append(args, "-Y", s.authFile())
	}
	return append(args, s.opts.args...)
}

// run starts the process and returns when it answers.
func (s *Server) run() error {
	binary, err := exec.LookPath("memcached")
	if err != nil {
		return err
	}
	err = s.Run(s.greet, append([]string{binary}, s.args()...)...)
	if err != nil {
		err = fmt.Errorf("memcached on %s: %w", s.Addr(), err)
	}
	return err
}

// greet asks whether the server works: any answer to `version` will do, also that one has to log in first.
func (s *Server) greet() error {
	_, err := s.Ask("version")
	return err
}

// Addr is host:port, or the path of the socket.
func (s *Server) Addr() string {
	if s.socket != "" {
		return s.socket
	}
	return net.JoinHostPort(s.host(), strconv.Itoa(s.port))
}

// host is the address that the server listens on.
func (s *Server) host() string {
	if s.opts.ipv6 {
		return "::1"
	}
	return "127.0.0.1"
}

// Socket is the path of the unix socket, empty without one.
func (s *Server) Socket() string { return s.socket }

// TLS tells the files that a client needs, nil without TLS.
func (s *Server) TLS() *testtls.Files { return s.tls }

// URL is what the engine under test opens. Parameters, such as "ttl=10m", are added.
func (s *Server) URL(params ...string) string {
	scheme, user := "memcached", ""
	if s.opts.user != "" {
		user = s.opts.user + ":" + s.opts.password + "@"
	}
	if s.socket != "" {
		scheme = "memcached+unix"
	}
	if s.tls != nil {
		scheme = "memcached+tls"
		params = append([]string{"tls_ca=" + s.tls.CA}, params...)
	}
	address := scheme + "://" + user + s.Addr()
	if len(params) == 0 {
		return address
	}
	return address + "?" + strings.Join(params, "&")
}

// Restart starts the server again on its port, empty, and returns when it answers. One that still runs is killed.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		tb.Fatalf("memcachetest: restart: %v; its log:\n%s", err, s.Log())
	}
}

// network is how the server is dialled.
func (s *Server) network() string {
	if s.socket != "" {
		return "unix"
	}
	return "tcp"
}

func (s *Server) dial() (net.Conn, error) {
	return net.DialTimeout(s.network(), s.Addr(), time.Second)
}
