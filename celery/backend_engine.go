package celery

import (
	"context"
	"errors"
	"log/slog"

	"github.com/larder-go/larder/driver"
)

// engine is a store with those of its optional parts that the key-value surface uses. It is resolved here, once.
type engine struct {
	name    string
	store   driver.Store
	batch   driver.Batcher  // nil: key by key
	notify  driver.Notifier // nil: nobody is told
	touch   driver.Toucher
	count   driver.Counter
	swap    driver.Swapper
	adder   driver.Adder
	pinger  driver.Pinger
	clients driver.Unwrapper
}

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
	e.pinger, _ = store.(driver.Pinger)
	e.clients, _ = store.(driver.Unwrapper)
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
