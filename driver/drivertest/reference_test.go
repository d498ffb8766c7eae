package drivertest_test

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// reference is a store that is right because it is simple: a map behind a mutex. It has every
// capability, and the suite is tested on it and on its mutants.
type reference struct {
	*data
	closed bool
}

// data is what two stores may share.
type data struct {
	mu      sync.Mutex
	entries map[string]entry
	writes  uint64 // versions are its values
	max     int    // bytes of a value; 0: no limit

	watches   map[*watching]bool
	leases    leases
	listeners map[*listening]bool

	calls atomic.Int64 // that have got the lock
}

type entry struct {
	value   driver.Value
	expiry  time.Time // zero: none
	version uint64
}

var (
	_ driver.Batcher   = (*reference)(nil)
	_ driver.Adder     = (*reference)(nil)
	_ driver.Toucher   = (*reference)(nil)
	_ driver.Counter   = (*reference)(nil)
	_ driver.Swapper   = (*reference)(nil)
	_ driver.Scanner   = (*reference)(nil)
	_ driver.Clearer   = (*reference)(nil)
	_ driver.Inspector = (*reference)(nil)
	_ driver.Pinger    = (*reference)(nil)
	_ driver.Reporter  = (*reference)(nil)
	_ driver.Advisor   = (*reference)(nil)
	_ driver.Named     = (*reference)(nil)
	_ driver.Unwrapper = (*reference)(nil)
	_ driver.Timed     = (*reference)(nil)
	_ driver.Watcher   = (*reference)(nil)
	_ driver.Leaser    = (*reference)(nil)
	_ driver.Live      = (*reference)(nil)
)

const referenceMax = 4 << 20

func newReference() *reference {
	return &reference{data: &data{
		entries: map[string]entry{}, max: referenceMax, watches: map[*watching]bool{}, listeners: map[*listening]bool{},
	}}
}

func openReference(*testing.T) driver.Store { return newReference() }

// enter takes the lock if the call may go on.
func (r *reference) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return driver.ErrClosed
	}
	r.calls.Add(1)
	return nil
}

// The methods in small letters are called with the lock held.

func (r *reference) find(key string) (entry, bool) {
	e, ok := r.entries[key]
	if ok && !e.expiry.IsZero() && !time.Now().Before(e.expiry) {
		delete(r.entries, key)
		r.changed(strings.Clone(key)) // so that a key that is only looked up stays on the stack
		return entry{}, false
	}
	return e, ok
}

func (r *reference) put(key string, v driver.Value, ttl time.Duration) {
	e := entry{value: v, expiry: expiryOf(ttl)}
	if old, ok := r.find(key); ok && ttl == driver.KeepTTL {
		e.expiry = old.expiry
	}
	r.writes++
	e.version = r.writes
	r.entries[key] = e
	r.leases.void(key)
	r.changed(key)
}

func expiryOf(ttl time.Duration) time.Time {
	if ttl <= 0 {
		return time.Time{}
	}
	return time.Now().Add(ttl)
}

func (r *reference) remove(key string) bool {
	_, ok := r.find(key)
	delete(r.entries, key)
	r.leases.void(key)
	r.changed(key)
	return ok
}

func (r *reference) tooLarge(v driver.Value) bool { return r.max > 0 && v.Weight() > r.max }

// store is put that knows the limit, as Set does.
func (r *reference) store(key string, v driver.Value, ttl time.Duration) error {
	if r.tooLarge(v) {
		r.remove(key)
		return driver.ErrTooLarge
	}
	r.put(key, v, ttl)
	return nil
}

func (r *reference) Get(ctx context.Context, key string) ([]byte, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	e, ok := r.find(key)
	if !ok {
		return nil, driver.ErrMiss
	}
	return e.value.Encode()
}

func (r *reference) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	defer r.mu.Unlock()
	return r.store(key, driver.Bytes(value), ttl)
}

func (r *reference) Delete(ctx context.Context, key string) (bool, error) {
	if err := r.enter(ctx); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	return r.remove(key), nil
}

func (r *reference) Close() error {
	r.mu.Lock()
	r.closed = true
	r.leases.shout()
	var ended []*watching
	for w := range r.watches {
		if w.of == r {
			ended = append(ended, w)
		}
	}
	r.mu.Unlock()
	for _, w := range ended {
		w.end()
	}
	r.endListeners()
	return nil
}

func (r *reference) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	results := make([]driver.Result, len(keys))
	for i, k := range keys {
		e, ok := r.find(k)
		if !ok {
			results[i].Err = driver.ErrMiss
			continue
		}
		results[i].Value, results[i].Err = e.value.Encode()
	}
	return results, nil
}

func (r *reference) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	defer r.mu.Unlock()
	failed := driver.KeyErrors{}
	for _, i := range items {
		delete(failed, i.Key)
		if err := r.store(i.Key, driver.Bytes(i.Value), ttl); err != nil {
			failed[i.Key] = err
		}
	}
	if len(failed) > 0 {
		return failed
	}
	return nil
}

func (r *reference) DeleteMany(ctx context.Context, keys []string) (int, error) {
	if err := r.enter(ctx); err != nil {
		return 0, err
	}
	defer r.mu.Unlock()
	n := 0
	for _, k := range keys {
		if r.remove(k) {
			n++
		}
	}
	return n, nil
}

func (r *reference) add(key string, v driver.Value, ttl time.Duration) (bool, error) {
	if _, ok := r.find(key); ok {
		return false, nil
	}
	if r.tooLarge(v) {
		return false, driver.ErrTooLarge
	}
	r.put(key, v, ttl)
	return true, nil
}

func (r *reference) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := r.enter(ctx); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	return r.add(key, driver.Bytes(value), ttl)
}

func (r *reference) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := r.enter(ctx); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	e, ok := r.find(key)
	if ok {
		e.expiry = expiryOf(ttl)
		r.entries[key] = e
		r.changed(key)
	}
	return ok, nil
}

// count does the arithmetic of both kinds; sum gets the text that is there.
func (r *reference) count(ctx context.Context, key, delta string, ttl time.Duration, sum func(old string) (string, error)) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	defer r.mu.Unlock()
	e, ok := r.find(key)
	if !ok {
		r.put(key, driver.Bytes(delta), ttl)
		return nil
	}
	old, err := e.value.Encode()
	if err != nil {
		return err
	}
	text, err := sum(string(old))
	if err != nil {
		return err
	}
	r.put(key, driver.Bytes(text), driver.KeepTTL)
	return nil
}

func (r *reference) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := r.enter(ctx); err != nil {
			yield("", err)
			return
		}
		keys := slices.Collect(maps.Keys(r.entries))
		r.mu.Unlock()
		for _, k := range keys {
			if !strings.HasPrefix(k, prefix) {
				continue
			}
			if err := r.enter(ctx); err != nil {
				yield("", err)
				return
			}
			_, ok := r.find(k)
			r.mu.Unlock()
			if ok && !yield(k, nil) {
				return
			}
		}
	}
}

func (r *reference) Clear(ctx context.Context, prefix string) (int, error) {
	if err := r.enter(ctx); err != nil {
		return 0, err
	}
	defer r.mu.Unlock()
	n := 0
	for k := range r.entries {
		if strings.HasPrefix(k, prefix) && r.remove(k) {
			n++
		}
	}
	r.leases.voidPrefix(prefix)
	return n, nil
}

func (r *reference) ClearAll(ctx context.Context) (int, error) {
	if err := r.enter(ctx); err != nil {
		return 0, err
	}
	defer r.mu.Unlock()
	n := len(r.entries)
	for k := range r.entries {
		if _, ok := r.find(k); !ok {
			n--
		}
	}
	clear(r.entries)
	r.leases.voidPrefix("")
	r.gap()
	return n, nil
}

func (r *reference) Inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	info := map[string]driver.EntryInfo{}
	for _, k := range keys {
		e, ok := r.find(k)
		if !ok {
			continue
		}
		i := driver.EntryInfo{Size: -1}
		if b, err := e.value.Encode(); err == nil {
			i.Size = len(b)
		}
		if !e.expiry.IsZero() {
			i.TTL = time.Until(e.expiry)
		}
		info[k] = i
	}
	return info, nil
}

func (r *reference) Ping(ctx context.Context) (driver.Server, error) {
	if err := r.enter(ctx); err != nil {
		return driver.Server{}, err
	}
	defer r.mu.Unlock()
	return driver.Server{Version: "reference"}, nil
}

func (r *reference) Report(ctx context.Context) ([]driver.Fact, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	return []driver.Fact{{Name: "entries", Value: len(r.entries)}}, nil
}

func (r *reference) Advise(ctx context.Context) ([]driver.Advice, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	return []driver.Advice{{Subject: "size", Fine: true, Text: "small"}, {Subject: "place", Text: "in memory"}}, nil
}

func (r *reference) EngineName() string { return "reference" }

// client is what Unwrap hands out.
type client struct{ r *reference }

func (r *reference) Unwrap(target any) bool {
	c, ok := target.(*client)
	if ok {
		c.r = r
	}
	return ok
}
