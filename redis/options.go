package redis

import (
	"crypto/tls"
	"log/slog"
	"time"
)

// Options says which server to talk to, and how. The zero value is the server on this machine.
type Options struct {
	// Addresses are the servers, each "host", "host:port" or, for one server, the path of a unix socket. A host without a port
	// gets 6379, a sentinel 26379. None: 127.0.0.1:6379. Several are for Sentinel and Cluster.
	Addresses []string
	// Cluster says that the servers are a Redis Cluster.
	Cluster bool
	// Master, if not empty, says that the servers are sentinels, and names what they watch.
	Master string

	// DB is the number of the database. A Cluster has 0 only.
	DB int
	// User and Password are for AUTH. A server without ACL takes a password alone.
	User, Password string
	// SentinelPassword is for the sentinels.
	SentinelPassword string
	// TLS, if not nil, is used for every connection.
	TLS *tls.Config

	// DialTimeout bounds one attempt to connect. 0: 1 second.
	DialTimeout time.Duration
	// Timeout bounds how long a connection may be silent while an answer is due before it is given up, for calls whose
	// context has no deadline. 0: 3 seconds.
	Timeout time.Duration
	// Lazy puts off connecting to the first call.
	Lazy bool
	// Logger is told what a person has to know. nil: slog.Default().
	Logger *slog.Logger
}
