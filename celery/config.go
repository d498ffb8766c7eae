package celery

import (
	"math"
	"time"

	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/driver"
)

// NoExpiry keeps results until they are deleted, wherever it is said how long they live: result_expires None or 0.
const NoExpiry time.Duration = 0

// Unlimited, as Config.ResultCacheMax, is Celery's 0: no limit.
const Unlimited = math.MaxInt

// NoRetries, as Config.ResultBackendMaxRetries, is Celery's 0.
const NoRetries = -1

// Config is what a Celery application is configured with, as far as results are concerned. The fields have
// Celery's names. The zero value of each field is Celery's default. [ReadConfig] reads it from JSON or YAML.
type Config struct {
	// ResultBackend (result_backend) is the backend's URL or name: see the package's documentation.
	// There is no default.
	ResultBackend string
	// CacheBackend (cache_backend) is the backend's URL if ResultBackend is "cache".
	CacheBackend string
	// CacheBackendOptions (cache_backend_options) is what the client of Memcached is made with. Of pylibmc
	// behaviors (a map: ketama, ketama_weighted, hash, distribution, connect_timeout), username and password
	// say something here. An option that only python-memcached takes, as {"debug": 0}, says that keys are
	// placed as that client does. Others are warnings, unknown ones errors.
	CacheBackendOptions map[string]any

	// ResultExpires (result_expires) is how long results live, as in new(time.Hour). As for Celery 0
	// (NoExpiry) is for ever, and only what is not said, nil, is one day. Celery counts whole seconds;
	// what is beyond them is cut off, so that less than a second is for ever too. Below zero or above 100
	// years is an error.
	ResultExpires *time.Duration
	// ResultSerializer (result_serializer) is how results are written: json, yaml, msgpack or pickle. "": json.
	ResultSerializer string
	// ResultAcceptContent (result_accept_content, and where that is not given accept_content) are the
	// serializers whose results are read, by name or content type. nil: json.
	ResultAcceptContent []string
	// ResultExtended (result_extended) stores a task's name, arguments, worker, retries and queue with its result.
	ResultExtended bool
	// ResultCacheMax (result_cache_max) is how many finished results are kept in memory. 0: none, which is
	// Celery's -1. Unlimited: all, which is Celery's 0.
	ResultCacheMax int
	// ResultChordJoinTimeout (result_chord_join_timeout) bounds the wait for the results of a chord's
	// parts. 0: 3 seconds.
	ResultChordJoinTimeout time.Duration
	// ResultBackendTransportOptions (result_backend_transport_options) are the options of the connection.
	ResultBackendTransportOptions TransportOptions

	// ResultBackendAlwaysRetry (result_backend_always_retry) repeats Get and Set when the connection fails.
	// Between attempts it sleeps a random time of up to ResultBackendBaseSleep, doubled with each attempt,
	// but at most ResultBackendMaxSleep.
	ResultBackendAlwaysRetry bool
	// ResultBackendMaxRetries (result_backend_max_retries) is how often. 0: until the context ends.
	// NoRetries: not at all, Celery's 0.
	ResultBackendMaxRetries int
	// ResultBackendBaseSleep (result_backend_base_sleep_between_retries_ms) is the first bound of the
	// sleep. 0: 10 ms.
	ResultBackendBaseSleep time.Duration
	// ResultBackendMaxSleep (result_backend_max_sleep_between_retries_ms) is its last bound. 0: 10 s.
	ResultBackendMaxSleep time.Duration

	// Timezone (timezone) is the application's. nil: UTC, or with LocalTime this machine's. See Location.
	Timezone *time.Location
	// LocalTime is enable_utc: false.
	LocalTime bool

	// Compat is the Celery whose bytes are written: py.Celery56, the default, for 5.3 to 5.6, or py.Celery52
	// for systems that still have 5.2. Reading differs in one thing: with py.Celery52 an object with __type__
	// in a value is a plain dict, and no date, decimal or bytes. It is no setting of Celery's.
	Compat py.Compat

	// Redis (redis_host and so on) is for a ResultBackend of "redis", and for what a Redis URL does not say.
	Redis RedisConfig
}

// TransportOptions are result_backend_transport_options.
type TransportOptions struct {
	// GlobalKeyPrefix (global_keyprefix) stands before every key. If it does not end in one of : _ - . an
	// underscore follows it.
	GlobalKeyPrefix string
	// MasterName (master_name) is what sentinels call the server.
	MasterName string
	// SentinelPassword (sentinel_kwargs: password) is for the sentinels themselves.
	SentinelPassword string
	// ChordUnordered is result_chord_ordered: false: the results of a chord's parts come in the order in
	// which they were done.
	ChordUnordered bool
	// RetryPolicy (retry_policy) is how Set on Redis is repeated when the connection fails. nil: 20 times, at
	// once and then each second.
	RetryPolicy *RetryPolicy
}

// RetryPolicy is how often and when something is repeated. The sleep before the first repetition is
// IntervalStart; each one is by IntervalStep longer than the one before, up to IntervalStart+IntervalMax.
type RetryPolicy struct {
	MaxRetries    int           // max_retries; below zero: until the context ends
	IntervalStart time.Duration // interval_start
	IntervalStep  time.Duration // interval_step
	IntervalMax   time.Duration // interval_max
	Timeout       time.Duration // timeout: no repetition begins later than that; 0: none
}

// RedisConfig are the settings redis_host and so on.
type RedisConfig struct {
	Host     string // redis_host; "": localhost
	Port     int    // redis_port; 0: 6379
	DB       int    // redis_db
	Username string // redis_username
	Password string // redis_password
	// ConnectTimeout (redis_socket_connect_timeout) bounds one attempt to connect. 0: 1 second.
	ConnectTimeout time.Duration
	// BackendUseSSL (redis_backend_use_ssl) says that the connection is encrypted, and how: ssl_cert_reqs,
	// ssl_ca_certs, ssl_certfile, ssl_keyfile. nil: it is not.
	BackendUseSSL map[string]string
}

// The defaults.
const (
	defaultExpires     = 24 * time.Hour
	defaultJoinTimeout = 3 * time.Second
	defaultBaseSleep   = 10 * time.Millisecond
	defaultMaxSleep    = 10 * time.Second
)

// Location is the application's time zone, as Celery finds it: Timezone, else UTC, else with
// LocalTime this machine's.
func (c Config) Location() *time.Location {
	switch {
	case c.Timezone != nil:
		return c.Timezone
	case c.LocalTime:
		return time.Local
	}
	return time.UTC
}

// lifetime is how long results live, in whole seconds as Celery counts them. 0: no expiry.
func (c Config) lifetime() (time.Duration, error) {
	if c.ResultExpires == nil {
		return defaultExpires, nil
	}
	switch d := *c.ResultExpires; {
	case d < 0:
		return 0, badSetting("result_expires", "%v is below zero", d)
	case d > driver.MaxTTL:
		return 0, badSetting("result_expires", "%v is more than 100 years; None is for ever", d)
	default:
		return d.Truncate(time.Second), nil
	}
}

// serializer is the name of the one that writes.
func (c Config) serializer() string { return orDefault(c.ResultSerializer, "json") }

// accepted are the names of those that are read.
func (c Config) accepted() []string {
	if c.ResultAcceptContent == nil {
		return []string{"json"}
	}
	return c.ResultAcceptContent
}

// joinTimeout bounds the wait for a chord's parts.
func (c Config) joinTimeout() time.Duration {
	return orDefault(c.ResultChordJoinTimeout, defaultJoinTimeout)
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
