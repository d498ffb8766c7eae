package celery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/driver"
)

// Results are the results of a Celery application: its tasks, groups and chords. They are safe for concurrent use.
//
// Methods that take an id fail for it alone with a *[ReadError] if what is stored under it cannot be read, or
// an *[Error] with ErrBadID if it is empty, ErrBadKey if no Celery could have it. Anything else is an
// *[Error] of the backend.
type Results struct {
	b      *Backend
	serial serial.Serializer
	compat py.Compat
	accept error // why what is stored may not be read
	cache  *cache
	// collector collects the parts of chords, as Celery does on Redis. nil: they are counted, as Celery
	// does on Memcached.
	collector driver.Collector

	waiting sync.Mutex
	waiter  *keywait.Waiter
	closed  bool
}

// Open opens the results that a URL names, as [OpenBackend] opens a backend.
func Open(ctx context.Context, rawURL string, opts ...Option) (*Results, error) {
	return OpenConfig(ctx, Config{ResultBackend: rawURL}, opts...)
}

// OpenConfig opens the results of an application that is configured so. Like Open it makes one round trip
// within ctx, unless the URL says lazy=true.
func OpenConfig(ctx context.Context, cfg Config, opts ...Option) (*Results, error) {
	b, err := connect(ctx, cfg, opts)
	if err != nil {
		return nil, err
	}
	return NewResults(b), nil
}

// NewResults are the results in a backend, which Close closes.
func NewResults(b *Backend) *Results {
	return &Results{
		b: b, serial: b.serial, compat: b.cfg.Compat, accept: b.accept, cache: newCache(b.cfg.ResultCacheMax), collector: b.engine.collector,
	}
}

// serializer is the one that results are written with, and why what it has written may not be read, if so.
func serializer(cfg Config) (s serial.Serializer, refused, err error) {
	s, err = serial.Reading(cfg.serializer(), cfg.Compat)
	if err != nil {
		return nil, nil, badSetting("result_serializer", "%v", err)
	}
	refused, err = acceptance(s, cfg.accepted())
	return s, refused, err
}

// acceptance tells why what s has written may not be read, if so. Celery writes it all the same.
func acceptance(s serial.Serializer, accepted []string) (refused, err error) {
	names := make([]string, len(accepted))
	for i, name := range accepted {
		a, err := serial.ByName(name)
		if err != nil {
			return nil, badSetting("result_accept_content", "%v", err)
		}
		names[i] = a.Name()
	}
	if slices.Contains(names, s.Name()) {
		return nil, nil
	}
	return fmt.Errorf("%w: %s is not accepted, only %s", ErrContentDisallowed, s.Name(), strings.Join(names, ", ")), nil
}

// Backend is the key-value surface under the results. Close closes it.
func (r *Results) Backend() *Backend { return r.b }

// Close ends every wait, with ErrClosed, and closes the backend. A second Close does nothing.
func (r *Results) Close() error {
	r.waiting.Lock()
	r.closed = true
	w := r.waiter
	r.waiting.Unlock()
	if w != nil {
		w.Close()
	}
	return r.b.Close()
}

// wait is the one who waits for keys, for everybody; the first call makes it.
func (r *Results) wait(ctx context.Context) (*keywait.Waiter, error) {
	if err := r.b.ready(ctx); err != nil {
		return nil, err
	}
	r.waiting.Lock()
	defer r.waiting.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	if r.waiter == nil {
		r.waiter = keywait.New(r.b.engine.store, keywait.Options{})
	}
	return r.waiter, nil
}

// key is the key of an id. Line ends and NULs would be commands of their own on memcached, if a client let
// them pass; none of Celery's ids has them, on any backend.
func (r *Results) key(k kind, id string) (string, error) {
	if err := checkID(id); err != nil {
		return "", err
	}
	return r.b.key(k, id)
}

func checkID(id string) error {
	if strings.IndexByte(id, '\n') >= 0 || strings.IndexByte(id, '\r') >= 0 || strings.IndexByte(id, 0) >= 0 {
		return fmt.Errorf("%w: a line end or NUL in the id", ErrBadKey)
	}
	return nil
}
