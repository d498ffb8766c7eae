package redis

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis/internal/conn"
)

// The defaults of Options.
const (
	defaultDialTimeout = time.Second
	defaultTimeout     = 3 * time.Second
)

// connect makes the client for everything but watches. It asks to be told nothing: a connection that has to be listened to all the
// time answers a lone caller half as fast.
func connect(o Options, d *conn.Dialer) (rueidis.Client, error) {
	co := clientOption(o, d)
	co.DisableCache = true
	return newClient(co)
}

// newClient closes a client that could not connect, which rueidis returns together with the error.
func newClient(co rueidis.ClientOption) (rueidis.Client, error) {
	client, err := rueidis.NewClient(co)
	if err != nil && client != nil {
		client.Close()
	}
	return client, err
}

// connectTracking makes a client for a watch: it is told of every change of a key with the prefix.
func connectTracking(o Options, d *conn.Dialer, w *watch) (rueidis.Client, error) {
	co := clientOption(o, d)
	co.ClientTrackingOptions = []string{"BCAST", "PREFIX", w.prefix}
	co.OnInvalidations = w.invalidated
	co.DialCtxFn = w.counted(co.DialCtxFn)
	co.ConnWriteTimeout = driver.AliveWithin
	client, err := newClient(co)
	if err != nil && cannotTrack(err) {
		why, _, _ := strings.Cut(err.Error(), "\n") // what follows is advice of rueidis
		return nil, fmt.Errorf("%w: the server does not tell of changes (CLIENT TRACKING): %s", errors.ErrUnsupported, why)
	}
	return client, err
}

// cannotTrack tells whether the handshake failed because of RESP3 or CLIENT TRACKING.
func cannotTrack(err error) bool {
	if errors.Is(err, rueidis.ErrNoCache) {
		return true
	}
	text := strings.ToUpper(err.Error())
	return strings.Contains(text, "TRACKING") || strings.Contains(text, "NOPERM") && strings.Contains(text, "CLIENT")
}

func clientOption(o Options, d *conn.Dialer) rueidis.ClientOption {
	co := rueidis.ClientOption{
		TLSConfig:         o.TLS,
		Username:          o.User,
		Password:          o.Password,
		SelectDB:          o.DB,
		InitAddress:       addresses(o),
		ForceSingleClient: !o.Cluster && o.Master == "",
		Dialer:            net.Dialer{Timeout: orDefault(o.DialTimeout, defaultDialTimeout)},
		ConnWriteTimeout:  orDefault(o.Timeout, defaultTimeout),
	}
	if o.Master != "" {
		co.Sentinel = rueidis.SentinelOption{
			MasterSet: o.Master, Password: o.SentinelPassword, TLSConfig: o.TLS, Dialer: co.Dialer,
		}
	}
	d.Configure(&co)
	return co
}

func orDefault(d, def time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return def
}

// The ports that servers have when nobody says otherwise.
const (
	serverPort   = "6379"
	sentinelPort = "26379"
)

func addresses(o Options) []string {
	if len(o.Addresses) == 0 {
		return []string{"127.0.0.1:" + serverPort}
	}
	port := serverPort
	if o.Master != "" {
		port = sentinelPort
	}
	out := make([]string, len(o.Addresses))
	for i, a := range o.Addresses {
		out[i] = withPort(a, port)
	}
	return out
}

func withPort(a, port string) string {
	if strings.HasPrefix(a, "/") { // a unix socket
		return a
	}
	if _, _, err := net.SplitHostPort(a); err == nil {
		return a
	}
	return net.JoinHostPort(strings.Trim(a, "[]"), port)
}
