package larder

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/flight"
)

// engine is a store with its optional interfaces, found once. What to do where one is missing, or declines with
// errors.ErrUnsupported, stands in this file and nowhere else.
type engine struct {
	name    string
	store   driver.Store
	timeout time.Duration
	flights *flight.Group
	live    driver.Live
	batch   driver.Batcher
	adder   driver.Adder
	toucher driver.Toucher
	counter driver.Counter
	swapper driver.Swapper
	scanner driver.Scanner
	clearer driver.Clearer
	inspect driver.Inspector
	pinger  driver.Pinger
	reports driver.Reporter
	advisor driver.Advisor
	unwrap  driver.Unwrapper
	leaser  driver.Leaser
	timed   driver.Timed
	watcher driver.Watcher
	near    *near // nil: none
}

func resolveEngine(store driver.Store, name string, timeout time.Duration) engine {
	e := engine{name: name, store: store, timeout: timeout}
	e.live, _ = store.(driver.Live)
	e.batch, _ = store.(driver.Batcher)
	e.adder, _ = store.(driver.Adder)
	e.toucher, _ = store.(driver.Toucher)
	e.counter, _ = store.(driver.Counter)
	e.swapper, _ = store.(driver.Swapper)
	e.scanner, _ = store.(driver.Scanner)
	e.clearer, _ = store.(driver.Clearer)
	e.inspect, _ = store.(driver.Inspector)
	e.pinger, _ = store.(driver.Pinger)
	e.reports, _ = store.(driver.Reporter)
	e.advisor, _ = store.(driver.Advisor)
	e.unwrap, _ = store.(driver.Unwrapper)
	e.leaser, _ = store.(driver.Leaser)
	e.timed, _ = store.(driver.Timed)
	e.watcher, _ = store.(driver.Watcher)
	if e.live != nil {
		e.timeout = 0 // there is nothing to wait for
	}
	// Several caches on the same data in this process share their loads.
	if s, ok := store.(driver.Sharer); ok {
		e.flights = s.Slot().Get(func() any { return flight.New() }).(*flight.Group)
	} else {
		e.flights = flight.New()
	}
	return e
}

func declined(err error) bool { return errors.Is(err, errors.ErrUnsupported) }

// fatal tells whether after this error the other keys of a batch need not be tried.
func fatal(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, ErrClosed))
}

// read returns an entry as a Go value or as bytes.
func (e *engine) read(ctx context.Context, prefix, key string) (kept driver.Value, data []byte, err error) {
	if e.live != nil {
		kept, err = e.live.GetLive(prefix, key)
	} else {
		data, err = e.get(ctx, prefix+key)
	}
	return kept, data, err
}

// put stores what hold has made.
func (e *engine) put(ctx context.Context, prefix, key string, v driver.Value, ttl time.Duration) error {
	if e.live != nil {
		return e.live.SetLive(prefix, key, v, ttl)
	}
	return e.set(ctx, prefix+key, encoded(v), ttl)
}

// add stores what hold has made where nothing is. It has no fallback: to look and then to set is not atomic.
func (e *engine) add(ctx context.Context, prefix, key string, v driver.Value, ttl time.Duration) (bool, error) {
	if e.live != nil {
		return e.live.AddLive(prefix, key, v, ttl)
	}
	if e.adder == nil {
		return false, errors.ErrUnsupported
	}
	ctx, cancel := e.limit(ctx)
	defer cancel()
	full := prefix + key
	e.near.drop(full)
	defer e.near.drop(full)
	return e.adder.Add(ctx, full, encoded(v), ttl)
}

// fill stores a loaded value where nothing is. On an engine without Add it may overwrite what another process has
// just stored.
func (e *engine) fill(ctx context.Context, prefix, key string, v driver.Value, ttl time.Duration) (bool, error) {
	added, err := e.add(ctx, prefix, key, v, ttl)
	if !declined(err) {
		return added, err
	}
	err = e.put(ctx, prefix, key, v, ttl)
	return err == nil, err
}

// grant is what a leader is told of its key.
type grant struct {
	there driver.Value // the entry; nil if it is absent, or nobody knows
	lease driver.Lease // the right to fill it; empty: there is no such thing here, another process has it, or a fault
	taken bool         // another process has it

	guarded bool  // who has no lease must not fill the key
	fault   error // why there is neither entry nor lease
}

// acquire looks for keys once more, and asks for the right to fill those that are absent. Where there are no leases everybody
// may. A fault is a reason to load, and so not an error.
func (e *engine) acquire(ctx context.Context, prefix string, keys []string) []grant {
	grants := make([]grant, len(keys))
	if e.live != nil {
		for i, key := range keys {
			grants[i].there, _ = e.live.GetLive(prefix, key)
		}
		return grants
	}
	wire := make([]string, len(keys))
	for i, key := range keys {
		wire[i] = prefix + key
	}
	// What a near copy says of them is not true any more, or never was.
	defer e.near.dropKeys(wire)
	if e.leaser != nil && !declined(e.acquireLeases(ctx, wire, grants)) {
		return grants
	}
	results, _ := e.getMany(ctx, wire)
	for i, r := range results {
		if r.Err == nil {
			grants[i].there = driver.Bytes(r.Value)
		}
	}
	return grants
}

func (e *engine) acquireLeases(ctx context.Context, keys []string, grants []grant) error {
	ctx, cancel := e.limit(ctx)
	defer cancel()
	found, err := e.leaser.Acquire(ctx, keys, leaseTime)
	if declined(err) {
		return err
	}
	for i := range grants {
		grants[i].guarded, grants[i].fault = true, err
		if err == nil {
			grants[i].take(found[i])
		}
	}
	return err
}

func (g *grant) take(d driver.Grant) {
	switch {
	case d.Err == nil:
		g.there = driver.Bytes(d.Value)
	case errors.Is(d.Err, ErrMiss):
		g.lease, g.taken = d.Lease, d.Lease == ""
	default:
		g.fault = d.Err
	}
}

// fillLeased is fill under a lease. It tells whether the lease was still good.
func (e *engine) fillLeased(ctx context.Context, key string, l driver.Lease, v driver.Value, ttl time.Duration) (bool, error) {
	ctx, cancel := e.limit(ctx)
	defer cancel()
	e.near.drop(key)
	defer e.near.drop(key)
	filled, err := e.leaser.Fill(ctx, []driver.Filling{{Key: key, Lease: l, Value: encoded(v)}}, ttl)
	var failed driver.KeyErrors
	if errors.As(err, &failed) {
		err = failed[key]
	}
	return err == nil && filled[0], err
}

var errReplaced = errors.New("replaced meanwhile")

// replace stores v in the place of old, as read has returned it, if that is still there. If it has gone, v is stored too unless
// the key is guarded: another process may have deleted it, and is not undone.
func (e *engine) replace(ctx context.Context, prefix, key string, old, v driver.Value, ttl time.Duration, guarded bool) (bool, error) {
	if e.live != nil {
		return e.live.SwapLive(prefix, key, old, v, ttl)
	}
	err := e.swapLoop(ctx, prefix+key, func(now []byte) ([]byte, time.Duration, error) {
		if string(now) != string(encoded(old)) {
			return nil, 0, errReplaced
		}
		return encoded(v), ttl, nil
	})
	switch {
	case errors.Is(err, errReplaced), errors.Is(err, ErrMiss) && guarded:
		return false, nil
	case errors.Is(err, ErrMiss):
		return e.fill(ctx, prefix, key, v, ttl)
	case declined(err):
		err = e.put(ctx, prefix, key, v, ttl)
	}
	return err == nil, err
}

func (e *engine) get(ctx context.Context, key string) ([]byte, error) {
	ctx, cancel := e.limit(ctx)
	defer cancel()
	return e.store.Get(ctx, key)
}

func (e *engine) set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	ctx, cancel := e.limit(ctx)
	defer cancel()
	e.near.drop(key)
	defer e.near.drop(key)
	return e.store.Set(ctx, key, value, ttl)
}

func (e *engine) delete(ctx context.Context, key string) (bool, error) {
	ctx, cancel := e.limit(ctx)
	defer cancel()
	e.near.drop(key)
	defer e.near.drop(key)
	return e.store.Delete(ctx, key)
}

func (e *engine) getMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	if e.batch != nil {
		limited, cancel := e.limit(ctx)
		defer cancel()
		if results, err := e.batch.GetMany(limited, keys); !declined(err) {
			return results, err
		}
	}
	results := make([]driver.Result, len(keys))
	for i, key := range keys {
		results[i].Value, results[i].Err = e.get(ctx, key)
		if fatal(ctx, results[i].Err) {
			return nil, results[i].Err
		}
	}
	return results, nil
}

func (e *engine) setMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	if e.batch != nil {
		limited, cancel := e.limit(ctx)
		defer cancel()
		e.near.dropItems(items)
		defer e.near.dropItems(items)
		if err := e.batch.SetMany(limited, items, ttl); !declined(err) {
			return err
		}
	}
	failed := driver.KeyErrors{}
	for _, it := range items {
		err := e.set(ctx, it.Key, it.Value, ttl)
		if fatal(ctx, err) {
			return err
		}
		if err != nil {
			failed[it.Key] = err
		}
	}
	return failed.OrNil()
}

func (e *engine) deleteMany(ctx context.Context, keys []string) (int, error) {
	if e.batch != nil {
		limited, cancel := e.limit(ctx)
		defer cancel()
		e.near.dropKeys(keys)
		defer e.near.dropKeys(keys)
		if n, err := e.batch.DeleteMany(limited, keys); !declined(err) {
			return n, err
		}
	}
	n, failed := 0, driver.KeyErrors{}
	for _, key := range keys {
		was, err := e.delete(ctx, key)
		if fatal(ctx, err) {
			return n, err
		}
		if err != nil {
			failed[key] = err
		}
		if was {
			n++
		}
	}
	return n, failed.OrNil()
}

func (e *engine) touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if e.toucher != nil {
		limited, cancel := e.limit(ctx)
		defer cancel()
		e.near.drop(key)
		defer e.near.drop(key)
		if ok, err := e.toucher.Touch(limited, key, ttl); !declined(err) {
			return ok, err
		}
	}
	err := e.swapLoop(ctx, key, func(old []byte) ([]byte, time.Duration, error) { return old, ttl, nil })
	if errors.Is(err, ErrMiss) {
		return false, nil
	}
	return err == nil, err
}

// swapLoop replaces an entry by what change makes of it until nobody came in between.
func (e *engine) swapLoop(ctx context.Context, key string, change func(old []byte) ([]byte, time.Duration, error)) error {
	if e.swapper == nil {
		return errors.ErrUnsupported
	}
	for {
		swapped, err := e.swapOnce(ctx, key, change)
		if swapped || err != nil {
			return err
		}
	}
}

func (e *engine) swapOnce(ctx context.Context, key string, change func(old []byte) ([]byte, time.Duration, error)) (bool, error) {
	ctx, cancel := e.limit(ctx)
	defer cancel()
	old, version, err := e.swapper.GetVersion(ctx, key)
	if err != nil {
		return false, err
	}
	value, ttl, err := change(old)
	if err != nil {
		return false, err
	}
	e.near.drop(key)
	defer e.near.drop(key)
	return e.swapper.Swap(ctx, key, version, value, ttl)
}

func (e *engine) incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	if e.counter == nil {
		return 0, errors.ErrUnsupported
	}
	ctx, cancel := e.limit(ctx)
	defer cancel()
	e.near.drop(key)
	defer e.near.drop(key)
	return e.counter.Incr(ctx, key, delta, ttl)
}

func (e *engine) incrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (float64, error) {
	if e.counter == nil {
		return 0, errors.ErrUnsupported
	}
	ctx, cancel := e.limit(ctx)
	defer cancel()
	e.near.drop(key)
	defer e.near.drop(key)
	return e.counter.IncrFloat(ctx, key, delta, ttl)
}

func (e *engine) scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	if e.scanner == nil {
		return func(yield func(string, error) bool) { yield("", errors.ErrUnsupported) }
	}
	return e.scanner.Scan(ctx, prefix)
}

// clear removes what begins with prefix. Its calls are as many as there are entries: no time-out.
func (e *engine) clear(ctx context.Context, prefix string) (int, error) {
	if e.clearer != nil {
		e.near.dropPrefix(prefix)
		defer e.near.dropPrefix(prefix)
		if n, err := e.clearer.Clear(ctx, prefix); !declined(err) || e.refuses(err) {
			return n, err
		}
	}
	if e.scanner == nil {
		return 0, errors.ErrUnsupported
	}
	n := 0
	for key, err := range e.scanner.Scan(ctx, prefix) {
		if err != nil {
			return n, err
		}
		was, err := e.delete(ctx, key)
		if err != nil {
			return n, err
		}
		if was {
			n++
		}
	}
	return n, nil
}

// refuses tells whether an engine that declines to clear a prefix says that a walk would not do either: it cannot name each key.
func (e *engine) refuses(err error) bool { return errors.Is(err, driver.ErrNoPrefix) }

func (e *engine) clearAll(ctx context.Context) (int, error) {
	if e.clearer == nil {
		return 0, errors.ErrUnsupported
	}
	e.near.dropPrefix("")
	defer e.near.dropPrefix("")
	return e.clearer.ClearAll(ctx)
}

func (e *engine) info(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	if e.inspect == nil {
		return nil, errors.ErrUnsupported
	}
	ctx, cancel := e.limit(ctx)
	defer cancel()
	return e.inspect.Inspect(ctx, keys)
}

// has is Inspect, which does not count as a use, or else Get.
func (e *engine) has(ctx context.Context, key string) (bool, error) {
	if e.inspect != nil {
		if infos, err := e.info(ctx, []string{key}); !declined(err) {
			_, ok := infos[key]
			return ok, err
		}
	}
	_, err := e.get(ctx, key)
	if errors.Is(err, ErrMiss) {
		return false, nil
	}
	return err == nil, err
}

func (e *engine) ping(ctx context.Context) (driver.Server, error) {
	ctx, cancel := e.limit(ctx)
	defer cancel()
	if e.pinger != nil {
		if s, err := e.pinger.Ping(ctx); !declined(err) {
			return s, err
		}
	}
	if _, err := e.store.Get(ctx, "larder:ping"); err != nil && !errors.Is(err, ErrMiss) {
		return driver.Server{}, err
	}
	return driver.Server{}, nil
}

func (e *engine) report(ctx context.Context) ([]driver.Fact, error) {
	if e.reports == nil {
		return nil, nil
	}
	ctx, cancel := e.limit(ctx)
	defer cancel()
	facts, err := e.reports.Report(ctx)
	if declined(err) {
		return nil, nil
	}
	return facts, err
}

// advise has no time-out: an embedded engine reads all that it has.
func (e *engine) advise(ctx context.Context) ([]Advice, error) {
	if e.advisor == nil {
		return nil, nil
	}
	advice, err := e.advisor.Advise(ctx)
	if declined(err) {
		return nil, nil
	}
	return advice, err
}
