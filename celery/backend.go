package celery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/driver"
)

// Backend is a result backend's store of keys and values, what Celery calls a key-value store backend. It
// connects when it is first used, and again when a connection is lost. It is safe for concurrent use.
type Backend struct {
	cfg      Config
	addr     address
	engine   engine
	prefix   string
	ttl      time.Duration
	logger   *slog.Logger
	serial   serial.Serializer
	accept   error // why what serial has written may not be read
	closed   chan struct{}
	closing  sync.Once
	closeErr error
}

// OpenBackend opens the backend that rawURL names: see the package's documentation for its forms. It makes
// one round trip within ctx, unless the URL says lazy=true; the backend does not depend on ctx afterwards.
// Errors never contain a password. What has no meaning here is logged, and told by Warnings.
func OpenBackend(ctx context.Context, rawURL string, opts ...Option) (*Backend, error) {
	return connect(ctx, Config{ResultBackend: rawURL}, opts)
}

// connect makes a backend, and one round trip, unless its URL says lazy=true.
func connect(ctx context.Context, cfg Config, opts []Option) (*Backend, error) {
	b, err := NewBackend(cfg, opts...)
	if err != nil || b.isLazy() {
		return b, err
	}
	if err := b.ping(ctx); err != nil {
		_ = b.Close() // the failure to connect is what counts
		return nil, b.fail("open", "", err)
	}
	return b, nil
}

// NewBackend makes the backend of an application's configuration. It does not connect: the first call does.
// An error is an ErrConfig that names the setting, or says which package to import for the engine.
func NewBackend(cfg Config, opts ...Option) (*Backend, error) {
	s := newSettings(cfg, opts)
	b := &Backend{cfg: s.cfg, logger: s.logger, closed: make(chan struct{})}
	b.prefix = globalPrefix(s.cfg.ResultBackendTransportOptions.GlobalKeyPrefix)
	err := b.open()
	if err != nil {
		return nil, &Error{Op: "open", Engine: b.engine.name, Err: err}
	}
	for _, w := range b.addr.warnings {
		b.logger.Warn("celery: " + w.String())
	}
	return b, nil
}

func (b *Backend) open() (err error) {
	if b.ttl, err = b.cfg.lifetime(); err != nil {
		return err
	}
	if err := b.cfg.check(); err != nil {
		return err
	}
	if b.serial, b.accept, err = serializer(b.cfg); err != nil {
		return err
	}
	if b.addr, err = translate(b.cfg); err != nil {
		return err
	}
	if d := b.cfg.ResultExpires; d != nil && *d > 0 && b.ttl == NoExpiry {
		b.addr.warn("result_expires", "%v is less than a second, which Celery cuts off: results live for ever", *d)
	}
	b.engine, err = openEngine(context.Background(), b.addr.engine, b.logger)
	if err != nil {
		return fmt.Errorf("%w: result_backend: %w", ErrConfig, err)
	}
	return nil
}

func (b *Backend) isLazy() bool {
	u, err := driver.ParseURL(b.addr.engine)
	if err != nil {
		return false
	}
	lazy, _ := u.Bool("lazy", false)
	return lazy
}

// Warnings are what the configuration says without an effect here.
func (b *Backend) Warnings() []Warning { return slices.Clone(b.addr.warnings) }

// Servers are the servers as they are named in the URL, in their order, without user and password. An engine
// without servers has its file, or nothing.
func (b *Backend) Servers() []string { return slices.Clone(b.addr.servers) }

// Config is what the backend was made with.
func (b *Backend) Config() Config { return b.cfg }

// Expires is how long what is stored lives, in whole seconds; NoExpiry, which is 0: for ever.
func (b *Backend) Expires() time.Duration { return b.ttl }

// SupportsAutoExpire tells whether the engine itself removes what has expired. All of larder's do, so that
// nobody has to clean up; it is here because Celery's backends have it (supports_autoexpire).
func (b *Backend) SupportsAutoExpire() bool { return true }

// SupportsNativeJoin tells whether the results of a group are read in one round trip for each server, by MGet.
// All of larder's engines are asked so; it is here because Celery's backends have it (supports_native_join).
func (b *Backend) SupportsNativeJoin() bool { return true }

// ImplementsIncr tells whether the parts of a chord are counted by Incr, as Celery's implements_incr does. On
// Redis they are not: there they are collected, in Celery as here. It is for who has to know what a backend
// can do with chords: where it is true [Results.FinishChord] works and [Results.AddToChord] does not, where it
// is false it is the other way round.
func (b *Backend) ImplementsIncr() bool { return b.engine.collector == nil }

// Client sets target, a pointer to a variable of the engine's own client type or to a driver.Store, for what
// this package does not wrap: what Cache.As of package larder is for a cache. It connects if the backend has not been used yet. errors.ErrUnsupported: the
// engine has no client of that type; each engine's package says which it has.
func (b *Backend) Client(ctx context.Context, target any) error {
	if err := b.ready(ctx); err != nil {
		return b.fail("client", "", err)
	}
	if own, ok := target.(*driver.Store); ok {
		*own = b.engine.store
		return nil
	}
	if b.engine.clients != nil && b.engine.clients.Unwrap(target) {
		return nil
	}
	if err := b.Ping(ctx); err != nil {
		return err
	}
	if b.engine.clients == nil || !b.engine.clients.Unwrap(target) {
		return b.fail("client", "", fmt.Errorf("%w: there is no client of type %T", errors.ErrUnsupported, target))
	}
	return nil
}

// Ping makes one round trip.
func (b *Backend) Ping(ctx context.Context) error { return b.fail("ping", "", b.ping(ctx)) }

func (b *Backend) ping(ctx context.Context) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	return b.engine.ping(ctx)
}

// Close disconnects. Later calls give ErrClosed. A second Close does nothing and returns what the first did.
func (b *Backend) Close() error {
	b.closing.Do(func() {
		close(b.closed)
		b.closeErr = b.fail("close", "", b.engine.store.Close())
	})
	return b.closeErr
}

// ready is why the engine is not to be asked, if so: the backend has been closed, or ctx has ended.
func (b *Backend) ready(ctx context.Context) error {
	select {
	case <-b.closed:
		return ErrClosed
	default:
		return ctx.Err()
	}
}
