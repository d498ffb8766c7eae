package testproc_test

import (
	"io"
	"net"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/internal/testproc"
)

// TestListen: connections are answered, and none outlives the test, whoever waits for whom.
func TestListen(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")} {
		var conns [3]net.Conn
		t.Run(network, func(t *testing.T) {
			addr := testproc.Listen(t, network, address, func(c net.Conn) {
				_, _ = io.WriteString(c, "hello")
				_, _ = io.Copy(io.Discard, c)
			})
			for i := range conns {
				conns[i] = answered(t, network, addr)
			}
			_ = conns[0].Close()
		})
		for _, c := range conns[1:] {
			if n, err := c.Read(make([]byte, 1)); err == nil {
				t.Errorf("%d bytes after the test", n)
			}
			_ = c.Close()
		}
	}
	if err := goleak.Find(ignore); err != nil {
		t.Error(err)
	}
}

func answered(t *testing.T, network, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	hello := make([]byte, 5)
	if _, err := io.ReadFull(c, hello); err != nil || string(hello) != "hello" {
		t.Fatalf("%q, %v", hello, err)
	}
	return c
}
