package redis_test

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/internal/redistest"
)

// rawConn is a connection that says what a test writes, and shows what a server answers.
type rawConn struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

func dialRaw(t *testing.T, s *redistest.Server, command ...string) *rawConn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	raw := &rawConn{t, c, bufio.NewReader(c)}
	if _, err := fmt.Fprintf(c, "%s\r\n", strings.Join(command, " ")); err != nil {
		t.Fatal(err)
	}
	return raw
}

// line returns the next one, without its end.
func (c *rawConn) line() string {
	c.t.Helper()
	_ = c.c.SetReadDeadline(time.Now().Add(5 * time.Second))
	text, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("after %q: %v", text, err)
	}
	return strings.TrimSuffix(text, "\r\n")
}

// want fails unless these lines come next.
func (c *rawConn) want(lines ...string) {
	c.t.Helper()
	for _, want := range lines {
		if got := c.line(); got != want {
			c.t.Fatalf("the server says %q; want %q", got, want)
		}
	}
}

// monitor returns what is executed, each command as its arguments.
func monitor(t *testing.T, s *redistest.Server) *rawConn {
	t.Helper()
	c := dialRaw(t, s, "MONITOR")
	c.want("+OK")
	return c
}

// command returns the next one: +1339518083.107412 [0 127.0.0.1:60866] "keys" "*".
func (c *rawConn) command() []string {
	c.t.Helper()
	line := c.line()
	_, rest, _ := strings.Cut(line, "] ")
	var args []string
	for rest != "" {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			c.t.Fatalf("MONITOR says %q: %v", line, err)
		}
		arg, err := strconv.Unquote(quoted)
		if err != nil {
			c.t.Fatalf("MONITOR says %s: %v", quoted, err)
		}
		args = append(args, arg)
		rest = strings.TrimPrefix(rest[len(quoted):], " ")
	}
	return args
}

// transaction returns the next one, from MULTI to EXEC.
func (c *rawConn) transaction() [][]string {
	c.t.Helper()
	var all [][]string
	for {
		args := c.command()
		if len(all) == 0 && args[0] != "MULTI" {
			continue
		}
		all = append(all, args)
		if args[0] == "EXEC" {
			return all
		}
	}
}
