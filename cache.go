package larder

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/larder-go/larder/codec"
	"github.com/larder-go/larder/driver"

	_ "github.com/larder-go/larder/dummy" // always linked
	_ "github.com/larder-go/larder/memory"
)

// Cache is an open connection to an engine. Views ([Of], [NewView]) give it types; the methods here concern all
// of them. It is safe for concurrent use.
type Cache struct {
	engine   engine
	keys     layout
	ttl      time.Duration
	codec    codec.Codec
	uri      string
	stats    counters
	tasks    *tasks
	root     *view // no prefix of its own: for the verbs on Cache
	closing  sync.Once
	closed   chan struct{}
	closeErr error

	complaints complaints
}

// Open opens the engine that rawURL names:
//
//	memory://                          in this process
//	sqlite:relative.db                 an embedded file (sqlite:///absolute.db)
//	redis://user:password@host/0       Redis or Valkey; also rediss://, redis+sentinel://, redis+cluster:// and others
//	memcached://host1;host2/           Memcached
//	redis://localhost/0?key_prefix=shop&ttl=10m
//
// Every URL takes the parameters ttl, key_prefix, version, layout, codec, lazy and timeout; each engine has some
// of its own. An unknown one is an error that lists the known ones; a malformed or repeated one is an error too.
// Engines other than memory and dummy are linked in by importing their package.
//
// Open connects and makes one round trip within ctx, and fails if it cannot, unless the URL says lazy=true: then the first call
// connects, and a program starts whose cache is down. The cache does not depend on ctx afterwards. Errors never
// contain a password.
func Open(ctx context.Context, rawURL string, opts ...Option) (*Cache, error) {
	u, err := driver.ParseURL(rawURL)
	if err != nil {
		return nil, &Error{Op: "open", Engine: "url", Err: err}
	}
	e, err := driver.Lookup(u.Scheme)
	if err != nil {
		return nil, &Error{Op: "open", Engine: "url", Err: err}
	}
	s := newSettings()
	s.readURL(u)
	if err := s.apply(opts); err != nil {
		return nil, &Error{Op: "open", Engine: e.Name, Err: err}
	}
	store, err := e.OpenURL(ctx, u, common(e), s.lazy, s.logger)
	if err != nil {
		return nil, &Error{Op: "open", Engine: e.Name, Err: err}
	}
	c, err := newCache(store, e.Name, u.String(), s)
	if err != nil {
		_ = store.Close()
		return nil, err
	}
	if s.lazy {
		return c, nil
	}
	_, err = c.engine.ping(ctx)
	if err == nil {
		err = c.engine.near.await(ctx)
	}
	if err != nil {
		_ = c.Close()
		return nil, &Error{Op: "open", Engine: e.Name, Err: err}
	}
	return c, nil
}

// New makes a cache on a store that the program has made itself, so that no URL and no registry is needed. Close closes
// the store. Two caches on one store do not see each other's loads: make one cache, and views of it.
func New(store driver.Store, opts ...Option) (*Cache, error) {
	name := "store"
	if n, ok := store.(driver.Named); ok {
		name = n.EngineName()
	}
	s := newSettings()
	if err := s.apply(opts); err != nil {
		return nil, &Error{Op: "open", Engine: name, Err: err}
	}
	return newCache(store, name, name+"://", s)
}

func newCache(store driver.Store, name, uri string, s settings) (*Cache, error) {
	c := &Cache{
		engine: resolveEngine(store, name, s.timeout),
		keys:   layout{form: s.layout, keyPrefix: s.keyPrefix, version: s.version},
		ttl:    s.ttl,
		codec:  s.codec,
		uri:    uri,
		tasks:  newTasks(),
		closed: make(chan struct{}),

		complaints: complaints{logger: s.logger, engine: name, start: time.Now()},
	}
	if s.near != nil {
		var err error
		if c.engine.near, err = newNear(&c.engine, *s.near, c.keys.shared(), s.logger); err != nil {
			return nil, &Error{Op: "open", Engine: name, Err: err}
		}
	}
	c.root = c.newView("", s.ttl)
	return c, nil
}

// Close disconnects. It ends every goroutine that the cache has started, and later calls give ErrClosed; so do
// calls that wait for somebody else's load. A second Close does nothing and returns what the first did.
func (c *Cache) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		c.tasks.end()
		c.engine.near.close()
		if err := c.engine.store.Close(); err != nil {
			c.closeErr = &Error{Op: "close", Engine: c.engine.name, Err: err}
		}
	})
	return c.closeErr
}

// Server is what a cache talks to.
type Server struct {
	Engine    string        // "memory", "sqlite", …
	Version   string        // of the engine's library or server
	RoundTrip time.Duration // of this Ping
	Notes     []Fact        // what an operator wants to know of this connection
}

// Fact is one thing that an engine knows of itself. It has the fields
//
//	Name  string
//	Value any // a bool, an int64, a float64, a string or a time.Duration
type Fact = driver.Fact

// EntryInfo is what can be known of an entry without its value. It has the fields
//
//	TTL  time.Duration // remaining lifetime; 0: no expiry
//	Size int           // bytes of the value; -1: unknown
type EntryInfo = driver.EntryInfo

// Ping makes one round trip, and tells what the server is.
func (c *Cache) Ping(ctx context.Context) (Server, error) {
	start := time.Now()
	s, err := c.engine.ping(ctx)
	if err != nil {
		return Server{}, c.fail("ping", "", err)
	}
	return Server{c.engine.name, s.Version, time.Since(start), s.Notes}, nil
}

// Report returns what the engine knows of itself: sizes, limits, evictions. Engines that know nothing give
// nothing.
func (c *Cache) Report(ctx context.Context) ([]Fact, error) {
	facts, err := c.engine.report(ctx)
	if n := c.engine.near; n != nil && err == nil {
		facts = append(slices.Clip(facts), n.report(ctx)...)
	}
	return facts, c.fail("report", "", err)
}

// As sets target, a pointer to a variable of the engine's own client type, for what larder does not wrap, and
// returns true; or returns false if the engine has no client of that type. On Redis that is a rueidis.Client, once the cache
// has connected, and on SQLite a *sql.DB on the same file; memory, Memcached and dummy have none. Whatever is written
// through it goes past larder's loads and lifetimes.
func (c *Cache) As(target any) bool {
	return c.engine.unwrap != nil && c.engine.unwrap.Unwrap(target)
}

// URI returns the URL that the cache was opened with, every password masked as ***.
func (c *Cache) URI() string { return c.uri }
