package testproc

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

// FreePort finds a port that nobody listens on now. Somebody may a moment later: the caller tries again.
func FreePort() (int, error) {
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if l, err := net.Listen("tcp", Loopback(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}

// Loopback is the address of a port.
func Loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
