package redis

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// The defaults of Options.
const (
	defaultDialTimeout = time.Second
	defaultTimeout     = 3 * time.Second
	refresh            = 2 * time.Second // how often a group of servers is asked who is who
)

// connect makes a client. A server that knows neither RESP3 nor CLIENT TRACKING gets one that does without.
func connect(o Options, logger *slog.Logger, invalidated func([]rueidis.RedisMessage)) (rueidis.Client, features, error) {
	co := clientOption(o)
	// Every process that shares the data is told of every lease (see lease.go).
	co.ClientTrackingOptions = []string{"BCAST", "PREFIX", leasePrefix}
	co.OnInvalidations = invalidated
	client, err := rueidis.NewClient(co)
	if err == nil {
		return client, features{tracking: true}, nil
	}
	if !cannotTrack(err) {
		return nil, features{}, err
	}
	co.ClientTrackingOptions, co.OnInvalidations = nil, nil
	co.DisableCache = true
	if client, err = rueidis.NewClient(co); err != nil {
		return nil, features{}, err
	}
	logger.Info("larder: redis: the server cannot tell of changes (CLIENT TRACKING): waiting for another process's load polls")
	return client, features{}, nil
}

// cannotTrack tells whether the handshake failed because of RESP3 or CLIENT TRACKING.
func cannotTrack(err error) bool {
	if errors.Is(err, rueidis.ErrNoCache) {
		return true
	}
	text := strings.ToUpper(err.Error())
	return strings.Contains(text, "TRACKING") || strings.Contains(text, "NOPERM") && strings.Contains(text, "CLIENT")
}

func clientOption(o Options) rueidis.ClientOption {
	co := rueidis.ClientOption{
		TLSConfig:         o.TLS,
		Username:          o.User,
		Password:          o.Password,
		SelectDB:          o.DB,
		InitAddress:       addresses(o),
		ForceSingleClient: !o.Cluster && o.Master == "",
		PipelineMultiplex: -1, // one connection: more are slower on the machines that were measured
		Dialer:            net.Dialer{Timeout: orDefault(o.DialTimeout, defaultDialTimeout)},
		ConnWriteTimeout:  orDefault(o.Timeout, defaultTimeout),
		RetryDelay:        retryDelay,
		ClusterOption:     rueidis.ClusterOption{ShardsRefreshInterval: refresh, MaxMovedRedirections: 16},
	}
	if o.Master != "" {
		co.Sentinel = rueidis.SentinelOption{
			MasterSet: o.Master, Password: o.SentinelPassword, TLSConfig: o.TLS, Dialer: co.Dialer,
			TopologyRefreshInterval: refresh,
		}
	}
	return co
}

// retryDelay lets a read be tried a second time, because a connection that has been idle may have been dead for long. Nothing
// that writes is ever repeated.
func retryDelay(attempts int, _ rueidis.Completed, _ error) time.Duration {
	if attempts > 1 {
		return -1
	}
	return 0
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
