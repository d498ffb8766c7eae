package wire

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

// says listens, and answers the first line that it gets on each connection; with nothing if the answer is empty.
func says(t *testing.T, answer string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			_, _ = bufio.NewReader(conn).ReadString('\n')
			_, _ = conn.Write([]byte(answer))
		}
	}()
	return l.Addr().String()
}

// TestReach: whoever answers as a server does is one, also if it wants a password first.
func TestReach(t *testing.T) {
	for answer, want := range map[string]string{
		"+PONG\r\n":                                   "",
		"-NOAUTH Authentication required.\r\n":        "",
		"-LOADING Redis is loading the dataset\r\n":   "",
		"-ERR max number of clients reached\r\n":      "the server refuses: ERR max number",
		"-DENIED Redis is running in protected\r\n":   "the server refuses: DENIED",
		"HTTP/1.1 400 Bad Request\r\n\r\n":            "not an answer of a Redis server",
		"\n":                                          "not an answer of a Redis server",
		strings.Repeat("+aaaaaaaaaaaaaaaaaaaaa", 100): "", // the rest is looked at when something is asked
	} {
		conn, err := Reach(t.Context(), says(t, answer), nil)
		if conn != nil {
			_ = conn.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v; want %q", answer, err, want)
		}
	}
}

// TestReachObeys: a server that says nothing is not waited for longer than the context lasts.
func TestReachObeys(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Reach(ctx, says(t, ""), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, err := Reach(t.Context(), "/no/such.sock", nil); err == nil || strings.Contains(err.Error(), "dial") {
		t.Error(err)
	}
}
