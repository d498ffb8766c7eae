package memcachetest

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports of servers come from below the range that systems give to outgoing connections (from 32768 on Linux): a port
// of that range may be taken while its server restarts, or a client dialling it may even connect to itself.
const (
	firstPort = 12000
	lastPort  = 32000
)

// freePort finds a port that nobody listens on now. Somebody may a moment later: the caller tries again.
func freePort() (int, error) {
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if l, err := net.Listen("tcp", loopback(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
