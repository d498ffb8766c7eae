package redistest

import "github.com/larder-go/larder/internal/testtls"

// Option says how a server differs from the plain one.
type Option func(*options)

type options struct {
	kind         Kind
	socket       bool
	tls          bool
	clientCerts  bool
	files        *testtls.Files // those of the other servers of a cluster
	password     string
	guard        string // the password of the sentinels
	lines        []string
	clusterNodes bool
	sentinel     bool
}

// Use starts this kind of server. Without it, it is Redis.
func Use(kind Kind) Option { return func(o *options) { o.kind = kind } }

// UnixSocket makes the server listen on a unix socket only.
func UnixSocket() Option { return func(o *options) { o.socket = true } }

// TLS makes the server listen with TLS only, with a certificate for 127.0.0.1 and localhost of a CA made for it. A
// client has to show a certificate if clientCerts is true. Server.TLS tells where the files are.
func TLS(clientCerts bool) Option {
	return func(o *options) { o.tls, o.clientCerts = true, clientCerts }
}

// Password is the default user's.
func Password(password string) Option { return func(o *options) { o.password = password } }

// SentinelPassword is what StartSentinel's sentinels ask for.
func SentinelPassword(password string) Option { return func(o *options) { o.guard = password } }

// User adds a user by an ACL line without the word `user`: "alice on >secret ~app:* &* +@all".
func User(acl string) Option { return Config("user " + acl) }

// Config adds lines to the configuration file: "maxmemory 1mb", `rename-command KEYS ""`, "appendonly yes".
func Config(lines ...string) Option {
	return func(o *options) { o.lines = append(o.lines, lines...) }
}

func collect(opts []Option) options {
	o := options{kind: Redis}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}
