package faultproxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/larder-go/larder/internal/testproc"
)

// patience is how long a test waits for what has to come.
const patience = 10 * time.Second

// echo starts a server that sends back what it gets, and returns its address.
func echo(t *testing.T, network, address string) string {
	return testproc.Listen(t, network, address, func(c net.Conn) { io.Copy(c, c) })
}

type client struct {
	net.Conn
	t *testing.T
}

func dial(t *testing.T, p *Proxy) client {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return client{c, t}
}

func (c client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Errorf("write: %v", err)
	}
}

func (c client) expect(want string) {
	c.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		c.t.Fatalf("%d of %d bytes, %.20q, %v", n, len(want), got[:n], err)
	}
}

func (c client) ask(request, want string) {
	c.t.Helper()
	c.send(request)
	c.expect(want)
}

func (c client) readError() error {
	c.t.Helper()
	n, err := c.Read(make([]byte, 1))
	if n > 0 {
		c.t.Error("there is one more byte")
	}
	return err
}

func (c client) expectEnd() {
	c.t.Helper()
	if err := c.readError(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("the connection is open: %v", err)
	}
}

func (c client) expectNothing() {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(soon))
	if err := c.readError(); !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("not frozen: %v", err)
	}
	c.SetReadDeadline(time.Now().Add(patience))
}

// noConnections waits until there are none.
func noConnections(t *testing.T, p *Proxy) {
	t.Helper()
	testproc.Eventually(t, func() error {
		if n := p.Connections(); n > 0 {
			return fmt.Errorf("%d connections are left", n)
		}
		return nil
	})
}
