package redis

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"
)

// greet makes sure that a server answers, before anybody relies on the connection: a machine whose server is frozen still
// accepts connections. Any line of the protocol will do, as long as the server goes on to listen: one that wants a password says NOAUTH.
func greet(ctx context.Context, conn net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	// The context may also end before.
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
