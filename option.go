package larder

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/larder-go/larder/codec"
	"github.com/larder-go/larder/driver"
)

// Option is a setting of a cache. One given in Go beats the same one in the URL.
type Option func(*settings)

// settings is what URL and options add up to.
type settings struct {
	ttl       time.Duration // 0: no expiry
	keyPrefix string
	version   string
	layout    Layout
	codec     codec.Codec
	timeout   time.Duration // 0: none
	lazy      bool
	logger    *slog.Logger
	near      *Near // nil: none
	errs      []error
}

// WithTTL sets the lifetime of entries that are written without one (URL: ttl=600 or ttl=10m). The default
// is no expiry.
func WithTTL(d time.Duration) Option {
	return func(s *settings) {
		s.ttl = d
		s.errs = append(s.errs, checkTTL(d))
	}
}

// WithKeyPrefix puts prefix: before every key (URL: key_prefix=shop), to share a database with others.
func WithKeyPrefix(prefix string) Option { return func(s *settings) { s.keyPrefix = prefix } }

// WithVersion sets the version that stands in every key (URL: version=2). Without colons: version "a:b" and key "c" are
// the same entry as version "a" and key "b:c".
func WithVersion(version string) Option { return func(s *settings) { s.version = version } }

// WithLayout sets how keys look on the wire (URL: layout=bare). The default is [Prefixed].
func WithLayout(l Layout) Option { return func(s *settings) { s.layout = l } }

// WithCodec sets how values become bytes (URL: codec=json+zstd). The default is codec.JSON.
func WithCodec(c codec.Codec) Option { return func(s *settings) { s.codec = c } }

// WithTimeout bounds each call to the engine (URL: timeout=500ms), beside the caller's own context; the error is
// then a context.DeadlineExceeded that says "no answer within 500ms". Walks over keys and clears are not bounded.
// memory:// and dummy:// have nothing to wait for and ignore it. The default is none.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) {
		s.timeout = d
		if d <= 0 {
			s.errs = append(s.errs, fmt.Errorf("timeout of %v: not above zero", d))
		}
	}
}

// WithLazy lets Open return without connecting (URL: lazy=true): the first call does. So Open does not fail because the cache is
// down, which is what a service wants. The default is false: a wrong address is an error of Open.
func WithLazy(lazy bool) Option { return func(s *settings) { s.lazy = lazy } }

// WithLogger sets where a cache tells what a person has to know. The default is slog.Default(). Most of it is what GetOrSet keeps
// from its callers: reads that failed, stored values that do not decode, loaded ones that could not be stored. The first
// of each kind is told at once, at level Warn. While that goes on, another one is told after a second, then after 2, 4 and so on,
// at last once a minute; left_out is how many were not told in between. That reads or stores are in order again is
// told once, at level Info, when one has succeeded and none has failed for a second. [Stats] counts them all.
func WithLogger(l *slog.Logger) Option { return func(s *settings) { s.logger = l } }

// commonParams are the URL parameters that every engine has.
var commonParams = []string{"ttl", "key_prefix", "version", "layout", "codec", "lazy", "timeout"}

func newSettings() settings {
	return settings{layout: Prefixed, codec: codec.JSON, logger: slog.Default()}
}

// readURL takes the common parameters from u.
func (s *settings) readURL(u *driver.URL) {
	var err error
	check := func() { s.errs = append(s.errs, err) }
	s.ttl, err = ttlParam(u)
	check()
	s.timeout, err = u.Duration("timeout", 0)
	check()
	s.lazy, err = u.Bool("lazy", false)
	check()
	s.keyPrefix, _ = u.Param("key_prefix")
	s.version, _ = u.Param("version")
	s.near, err = nearParam(u)
	check()
	var form string
	if form, err = u.OneOf("layout", string(Prefixed), string(Bare)); err == nil {
		s.layout = Layout(form)
	}
	check()
	if name, ok := u.Param("codec"); ok {
		// The + of json+zstd is a space in a URL's query, and no codec has a space.
		var c codec.Codec
		if c, err = codec.ByName(strings.ReplaceAll(name, " ", "+")); err == nil {
			s.codec = c
		}
		check()
	}
}

// ttlParam returns the default lifetime that a URL gives, 0 if it gives none.
func ttlParam(u *driver.URL) (time.Duration, error) {
	text, ok := u.Param("ttl")
	if !ok {
		return 0, nil
	}
	d, err := driver.ParseDuration(text)
	if err == nil {
		err = checkTTL(d)
	}
	if err != nil {
		return 0, fmt.Errorf("parameter ttl=%s: %w", text, err)
	}
	return d, nil
}

// apply applies the options of Go and checks the whole.
func (s *settings) apply(opts []Option) error {
	for _, o := range opts {
		o(s)
	}
	if s.layout != Prefixed && s.layout != Bare {
		s.errs = append(s.errs, fmt.Errorf("unknown layout %q; known: %s, %s", s.layout, Prefixed, Bare))
	}
	if s.layout == Bare && (s.keyPrefix != "" || s.version != "") {
		s.errs = append(s.errs, errors.New("layout=bare has neither key_prefix nor version"))
	}
	if s.codec == nil || s.logger == nil {
		s.errs = append(s.errs, errors.New("a nil codec or logger"))
	}
	return errors.Join(s.errs...)
}
