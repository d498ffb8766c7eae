package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Reach connects, with TLS if there is a config, and makes sure that somebody answers.
func Reach(ctx context.Context, addr string, config *tls.Config) (net.Conn, error) {
	network := "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, dialFault(err)
	}
	if config != nil {
		conn = tls.Client(conn, withName(config, addr))
	}
	if err := greet(ctx, conn); err != nil {
		_ = conn.Close()
		return nil, suspect(err, conn, config)
	}
	return conn, nil
}

// errHandshake marks the end of the time during a handshake.
var errHandshake = errors.New("in the TLS handshake")

// Unanswered says of an error for a server that has not answered in time to what, if that may be the reason.
func Unanswered(err error) string {
	if errors.Is(err, errHandshake) {
		return " to the TLS handshake, as from a server without TLS"
	}
	return ""
}

// suspect adds to the error of a server that has never said anything what it has in common with a mistaken URL.
func suspect(err error, conn net.Conn, config *tls.Config) error {
	secure, _ := conn.(*tls.Conn)
	begun := secure != nil && !secure.ConnectionState().HandshakeComplete
	hungUp := errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF)
	switch {
	case begun && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)):
		return fmt.Errorf("%w %w", err, errHandshake)
	case hungUp && secure == nil:
		return fmt.Errorf("%w, as by a server that wants TLS (rediss://)", err)
	case hungUp && !begun && len(config.Certificates) == 0:
		return fmt.Errorf("%w, as by a server that wants a client's certificate (tls_cert and tls_key)", err)
	}
	return err
}

// dialFault leaves out what the caller says anyhow: "dial tcp 127.0.0.1:6379:".
func dialFault(err error) error {
	if op := new(net.OpError); errors.As(err, &op) && op.Op == "dial" {
		return op.Err
	}
	return err
}

func withName(config *tls.Config, addr string) *tls.Config {
	host, _, err := net.SplitHostPort(addr)
	if config.ServerName != "" || err != nil {
		return config
	}
	config = config.Clone()
	config.ServerName = host
	return config
}

// greet makes sure that a server answers, before anybody relies on the connection: a machine whose server is frozen still
// accepts connections. Any line of the protocol will do, as long as the server goes on to listen: one that wants a password says NOAUTH.
func greet(ctx context.Context, conn net.Conn) error {
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	line, err := firstLine(ctx, conn)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(line, "-DENIED"), strings.HasPrefix(line, "-ERR max number of clients"):
		return fmt.Errorf("the server refuses: %s", line[1:])
	case !strings.HasPrefix(line, "+") && !strings.HasPrefix(line, "-"):
		return protocolError(fmt.Sprintf("%.20q", line))
	}
	return conn.SetDeadline(time.Time{})
}

func firstLine(ctx context.Context, conn net.Conn) (string, error) {
	if secure, ok := conn.(*tls.Conn); ok {
		if err := secure.HandshakeContext(ctx); err != nil {
			return "", err
		}
	}
	if _, err := conn.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
		return "", err
	}
	var line []byte
	for b := make([]byte, 1); len(line) < 512; {
		if _, err := conn.Read(b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			break
		}
		line = append(line, b[0])
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}
