package celery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"

	"github.com/larder-go/larder/driver"
)

// engine is a store with those of its optional parts that this package uses. They are resolved here, once;
// what a nil one means is said here too.
type engine struct {
	name      string
	store     driver.Store
	batch     driver.Batcher   // nil: key by key
	notify    driver.Notifier  // nil: nobody is told
	touch     driver.Toucher   // nil: lifetimes cannot be changed
	count     driver.Counter   // nil: nothing can be counted
	swap      driver.Swapper   // nil: the counter of a chord cannot be used
	adder     driver.Adder     // nil: a value that is too large deletes what is there
	inspector driver.Inspector // nil: lifetimes and sizes are not known
	scanner   driver.Scanner   // nil: its keys cannot be listed
	watcher   driver.Watcher   // nil: it does not tell of changes
	collector driver.Collector // nil: the parts of chords are counted
	live      driver.Live      // nil: it is outside of this process
	pinger    driver.Pinger    // nil: a key is read
	clients   driver.Unwrapper // nil: it has no client
}

// redisEngine is the one on which Celery collects the parts of chords, and repeats Set.
const redisEngine = "redis"

// openEngine makes the store that a URL names. It does not connect.
func openEngine(ctx context.Context, raw string, logger *slog.Logger) (engine, error) {
	u, err := driver.ParseURL(raw)
	if err != nil {
		return engine{}, err
	}
	e, err := driver.Lookup(u.Scheme)
	if err != nil {
		return engine{}, err
	}
	store, err := e.OpenURL(ctx, u, []string{"lazy"}, true, logger)
	if err != nil {
		return engine{name: e.Name}, err
	}
	return resolve(e.Name, store), nil
}

func resolve(name string, store driver.Store) engine {
	e := engine{name: name, store: store}
	e.batch, _ = store.(driver.Batcher)
	e.notify, _ = store.(driver.Notifier)
	e.touch, _ = store.(driver.Toucher)
	e.count, _ = store.(driver.Counter)
	e.swap, _ = store.(driver.Swapper)
	e.adder, _ = store.(driver.Adder)
	e.inspector, _ = store.(driver.Inspector)
	e.scanner, _ = store.(driver.Scanner)
	e.watcher, _ = store.(driver.Watcher)
	e.live, _ = store.(driver.Live)
	e.pinger, _ = store.(driver.Pinger)
	e.clients, _ = store.(driver.Unwrapper)
	if name == redisEngine {
		// An engine that collects too, but that Celery does not have, counts: all who do parts of one chord
		// have to do the same.
		e.collector, _ = store.(driver.Collector)
	}
	return e
}

// getMany reads keys in their order.
func (e *engine) getMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	if e.batch != nil {
		results, err := e.batch.GetMany(ctx, keys)
		if !errors.Is(err, errors.ErrUnsupported) {
			return results, err
		}
	}
	results := make([]driver.Result, len(keys))
	for i, key := range keys {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		results[i].Value, results[i].Err = e.store.Get(ctx, key)
	}
	return results, nil
}

// inspect tells lifetimes and sizes of the keys that are there. An engine that does not know them says so,
// and of all keys.
func (e *engine) inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	if e.inspector != nil {
		infos, err := e.inspector.Inspect(ctx, keys)
		if !errors.Is(err, errors.ErrUnsupported) {
			return infos, err
		}
	}
	infos := make(map[string]driver.EntryInfo, len(keys))
	for _, key := range keys {
		infos[key] = driver.EntryInfo{TTL: UnknownTTL, Size: -1}
	}
	return infos, nil
}

// scan yields the keys that begin with prefix. There is no way around an engine that cannot.
func (e *engine) scan(ctx context.Context, prefix string) (iter.Seq2[string, error], error) {
	if e.scanner == nil {
		return nil, fmt.Errorf("%w: the engine does not list its keys", errors.ErrUnsupported)
	}
	return e.scanner.Scan(ctx, prefix), nil
}

// watch tells of changes of keys that begin with prefix. There is no way around an engine that does not: to
// look again and again would miss some.
func (e *engine) watch(ctx context.Context, prefix string, tell func(driver.Event)) (stop func(), err error) {
	if e.watcher == nil {
		return nil, fmt.Errorf("%w: the engine does not tell of changes", errors.ErrUnsupported)
	}
	return e.watcher.Watch(ctx, prefix, tell)
}

// ping makes a round trip.
func (e *engine) ping(ctx context.Context) error {
	if e.pinger != nil {
		_, err := e.pinger.Ping(ctx)
		return err
	}
	_, err := e.store.Get(ctx, "larder:ping")
	if errors.Is(err, driver.ErrMiss) {
		return nil
	}
	return err
}
