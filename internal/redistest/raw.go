package redistest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"
)

// patience is how long one raw command may take, connection included. A frozen server is told by it.
const patience = 5 * time.Second

// DB is one database of a server, for looking at it with raw commands. Each command has a connection of its own, so
// that a restart of the server in between does not matter.
type DB struct {
	server *Server
	number int
}

// DB returns a database by its number. Database 0 is what the server's own Do talks to.
func (s *Server) DB(number int) DB { return DB{s, number} }

// Query runs a command as a user with all rights and returns its reply: string, int64, nil, or []any of these. An
// error that the server replied is a ReplyError.
func (d DB) Query(args ...string) (any, error) {
	conn, err := d.server.dial(patience)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if d.number != 0 {
		if _, err := conn.query("SELECT", strconv.Itoa(d.number)); err != nil {
			return nil, err
		}
	}
	return conn.query(args...)
}

// Do is Query with the reply as text: numbers in decimal, arrays an element a line. A null reply is ErrNil.
func (d DB) Do(args ...string) (string, error) {
	reply, err := d.Query(args...)
	if err == nil && reply == nil {
		err = ErrNil
	}
	return flatten(reply), err
}

// MustDo is Do that ends the test when it fails. A null reply is the empty string.
func (d DB) MustDo(tb testing.TB, args ...string) string {
	tb.Helper()
	reply, err := d.Query(args...)
	if err != nil {
		tb.Fatalf("%s %q: %v", d.server.kind, args, err)
	}
	return flatten(reply)
}

// Query is DB(0).Query.
func (s *Server) Query(args ...string) (any, error) { return s.DB(0).Query(args...) }

// Do is DB(0).Do.
func (s *Server) Do(args ...string) (string, error) { return s.DB(0).Do(args...) }

// MustDo is DB(0).MustDo.
func (s *Server) MustDo(tb testing.TB, args ...string) string {
	tb.Helper()
	return s.DB(0).MustDo(tb, args...)
}

// rawConn is a connection that is logged in as admin.
type rawConn struct {
	net.Conn
	r *bufio.Reader
}

func (s *Server) dial(limit time.Duration) (*rawConn, error) {
	deadline := time.Now().Add(limit)
	conn, err := s.dialNet(&net.Dialer{Deadline: deadline})
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(deadline)
	raw := &rawConn{conn, bufio.NewReader(conn)}
	if _, err := raw.query("AUTH", admin, s.secret); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return raw, nil
}

func (s *Server) dialNet(d *net.Dialer) (net.Conn, error) {
	switch {
	case s.socket != "":
		return d.Dial("unix", s.socket)
	case s.tls != nil:
		return tls.DialWithDialer(d, "tcp", s.Addr(), s.tls.Config())
	}
	return d.Dial("tcp", s.Addr())
}

func (c *rawConn) query(args ...string) (any, error) {
	if _, err := c.Write(encode(args)); err != nil {
		return nil, fmt.Errorf("%s: %w", args[0], err)
	}
	return decode(c.r)
}
