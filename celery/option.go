package celery

import (
	"log/slog"
	"time"
)

// Option is something said about a [Backend] where it is opened: it beats the same setting of
// its configuration. The order of different options is of no consequence; everything else is a
// matter of [Config].
type Option func(*settings)

// settings is what configuration and options add up to.
type settings struct {
	cfg    Config
	logger *slog.Logger
}

// WithExpires sets how long results live, as result_expires does: in whole seconds, what is beyond them is
// cut off. [NoExpiry], which is 0, is for ever. Without it the configuration says, and where that does not
// either it is one day.
func WithExpires(d time.Duration) Option {
	return func(s *settings) { s.cfg.ResultExpires = &d }
}

// WithLogger sets where a backend tells what a person has to know: settings without a meaning, retries. The
// default is slog.Default().
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
