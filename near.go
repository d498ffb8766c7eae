package larder

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memory"
)

// Near is a copy in the memory of this process of what was read from an engine outside it. MaxEntries and MaxBytes
// exclude each other, and one of them has to be set.
type Near struct {
	MaxEntries int   // the largest number of copies (URL: near=10000)
	MaxBytes   int64 // the largest sum of keys, values and memory.EntryOverhead (URL: near=64mb)
	// TTL is how old a copy may be where the engine does not tell of changes (URL: near_ttl). 0: 1 second. Where it does,
	// copies are as good as what is told: see docs/near.md.
	TTL time.Duration
}

// WithNear keeps a near copy: what was read once is then read from the memory of this process, until the engine tells that
// it has changed (URL: near=64mb or near=10000, on engines that know it). The default is none. Engines that keep their
// entries in this process refuse it.
func WithNear(n Near) Option {
	return func(s *settings) {
		s.near = &n
		s.errs = append(s.errs, n.check())
	}
}

const defaultNearTTL = time.Second

// nearParams are the URL parameters of a near copy, for the engines that list them.
var nearParams = []string{"near", "near_ttl"}

// common are the parameters that the portable side takes out of a URL of this engine.
func common(e driver.Engine) []string {
	if slices.Contains(e.Params, nearParams[0]) {
		return slices.Concat(commonParams, nearParams)
	}
	return commonParams
}

func (n Near) check() error {
	switch {
	case n.MaxEntries < 0 || n.MaxBytes < 0 || n.TTL < 0:
		return errors.New("near: below zero")
	case n.MaxEntries > 0 && n.MaxBytes > 0:
		return errors.New("near: MaxEntries and MaxBytes exclude each other")
	case n.MaxEntries == 0 && n.MaxBytes == 0:
		return errors.New("near: neither MaxEntries nor MaxBytes")
	}
	return nil
}

// nearParam reads near and near_ttl: a bare number counts entries, one with a unit bytes.
func nearParam(u *driver.URL) (*Near, error) {
	text, ok := u.Param("near")
	ttl, err := u.Duration("near_ttl", 0)
	if err != nil {
		return nil, err
	}
	if !ok {
		if ttl > 0 {
			return nil, errors.New("parameter near_ttl without near")
		}
		return nil, nil
	}
	n := &Near{TTL: ttl}
	if strings.Trim(text, "0123456789") == "" {
		n.MaxEntries, err = u.Int("near", 0, 1)
	} else {
		n.MaxBytes, err = u.Bytes("near", 0)
	}
	if err != nil {
		return nil, fmt.Errorf("parameter near=%s: not a number of entries such as 10000, or of bytes such as 64mb", text)
	}
	return n, nil
}

// near is the near copy of a cache. A nil near is one that has nothing and forgets nothing.
//
// It has three parts: the copies, in a store of package memory; the epochs, which keep a copy from being stored after the
// invalidation that should have voided it (see ticket); and the time until which the watch has told everything, without
// which no copy is used (see usable).
type near struct {
	engine string
	logger *slog.Logger
	copies nearStore
	ttl    time.Duration
	start  time.Time // what until counts from: its monotonic clock is never set

	until     atomic.Int64 // everything that was changed before has been told: nanoseconds since start, or a word below
	unwatched atomic.Bool  // the engine tells nothing: copies live for ttl
	stripes   [256]stripe
	seed      maphash.Seed
	stats     nearCounters

	cancel context.CancelFunc
	ready  chan struct{} // closed when it is known what became of the first attempt to watch
	first  error         // why that failed; to be read after ready
	ended  chan struct{}
}

// nearStore is what package memory makes.
type nearStore interface {
	driver.Store
	driver.Live
	driver.Clearer
	driver.Reporter
}

// Values of until that are no time: copies are not used, and copies are used whatever the clock says.
const (
	never  int64 = -1 << 62
	always int64 = 1 << 62
)

var errNearInside = errors.New("near: the engine keeps its entries in this process already")

// newNear makes a near copy on top of an engine, and begins to watch.
func newNear(e *engine, n Near, prefix string, logger *slog.Logger) (*near, error) {
	if e.live != nil {
		return nil, errNearInside
	}
	copies, err := memory.New(memory.Options{MaxEntries: n.MaxEntries, MaxBytes: n.MaxBytes, Untimed: true})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &near{
		engine: e.name, logger: logger, copies: copies.(nearStore), ttl: n.TTL, start: time.Now(), seed: maphash.MakeSeed(),
		cancel: cancel, ready: make(chan struct{}), ended: make(chan struct{}),
	}
	if c.ttl == 0 {
		c.ttl = defaultNearTTL
	}
	c.until.Store(never)
	go c.follow(ctx, e.watcher, prefix)
	return c, nil
}

// close ends the watch, and drops the copies.
func (n *near) close() {
	if n == nil {
		return
	}
	n.cancel()
	<-n.ended
	n.until.Store(never)
	_ = n.copies.Close()
}

// nearCopy is what is kept of an entry.
type nearCopy struct {
	driver.Value
	ends int64 // nanoseconds since start; endless: never
}

const endless int64 = 1<<63 - 1

// get returns the copy of an entry, or nil.
func (n *near) get(prefix, key string) driver.Value {
	now := n.now()
	if !n.usable(now) {
		return nil
	}
	kept, err := n.copies.GetLive(prefix, key)
	if err != nil {
		return nil
	}
	if c := kept.(*nearCopy); now < c.ends {
		return c.Value
	}
	return nil
}

func (n *near) now() int64 { return int64(time.Since(n.start)) }

// usable tells whether copies may be used: only as long as everything has been told that was changed more than
// driver.AliveWithin ago. That takes a look at the clock for each hit, and nothing less will do:
//
//	the process is stopped, or its connection freezes
//	another process writes key
//	the process goes on, and reads key before any of its goroutines has noticed anything
func (n *near) usable(now int64) bool { return now-n.until.Load() <= int64(driver.AliveWithin) }
