package celery

import (
	"log/slog"
	"maps"
	"time"

	"github.com/larder-go/larder/driver"
)

// Option is a setting of a [Backend] that beats the same one of its configuration or URL.
type Option func(*settings)

// settings is what configuration and options add up to.
type settings struct {
	cfg    Config
	logger *slog.Logger
}

// WithConfig sets the configuration of a backend that is opened by URL; its ResultBackend is ignored. Give it first: it replaces what
// options before it have said.
func WithConfig(cfg Config) Option {
	return func(s *settings) {
		cfg.ResultBackend = s.cfg.ResultBackend
		s.cfg = cfg
	}
}

// WithExpires sets how long results live: result_expires. Celery counts whole seconds, and what is beyond them is cut off.
// [NoExpiry] is for ever. The default is one day.
func WithExpires(d time.Duration) Option {
	return func(s *settings) {
		s.cfg.ResultExpires = d
		if d == 0 { // said here, 0 means what it means for Celery
			s.cfg.ResultExpires = NoExpiry
		}
	}
}

// WithExpiresSeconds is [WithExpires] for a number of seconds, as Celery has it: what is beyond whole ones is cut off, and 0 is for ever.
// A number below zero, or none, is an error of the backend.
func WithExpiresSeconds(seconds float64) Option {
	d := time.Duration(-1)
	switch {
	case seconds > driver.MaxTTL.Seconds():
		d = driver.MaxTTL + 1
	case seconds >= 0:
		d = time.Duration(seconds * float64(time.Second))
	}
	return WithExpires(d)
}

// WithClientOptions adds to cache_backend_options: what a client of memcached is made with, as pylibmc names it, such as
// {"behaviors": {"ketama": true}}. See [Config].
func WithClientOptions(options map[string]any) Option {
	return func(s *settings) {
		merged := maps.Clone(s.cfg.CacheBackendOptions)
		if merged == nil {
			merged = map[string]any{}
		}
		maps.Copy(merged, options)
		s.cfg.CacheBackendOptions = merged
	}
}

// WithLogger sets where a backend tells what a person has to know: settings without a meaning, retries. The default is
// slog.Default().
func WithLogger(l *slog.Logger) Option {
	return func(s *settings) {
		if l != nil {
			s.logger = l
		}
	}
}

// newSettings applies the options.
func newSettings(cfg Config, opts []Option) settings {
	s := settings{cfg: cfg, logger: slog.Default()}
	for _, o := range opts {
		o(&s)
	}
	return s
}
