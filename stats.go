package larder

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/larder-go/larder/driver"
)

// Stats counts what went through a cache since it was opened. A key of a batch counts as one.
type Stats struct {
	Hits       int64 // reads of values that found an entry; Has, TTL and Inspect do not count
	Misses     int64 // reads of values that found none
	Sets       int64 // entries written: Set, SetMany, Add that stored, loads that were stored
	Loads      int64 // loader calls; an abandoned one (its caller's context ended) does not count
	LoadErrors int64 // loader calls that failed, ErrNotFound excepted
	Errors     int64 // failures of the engine or the codec, those too that GetOrSet has covered up; not ended contexts and bad arguments

	Near NearStats // of the near copy, if there is one
}

// NearStats counts what a near copy has done.
type NearStats struct {
	Hits          int64         // those of Stats.Hits that it has answered; the others came from the engine
	Invalidations int64         // changes that it was told of, those made by this process too
	Flushes       int64         // times that it was emptied because changes may have been missed, or everything was removed
	Age           time.Duration // every change longer ago than this was told; 0.3 s in good order, and above 1 s no copy is used. 0: nothing is told
}

// Stats returns the counters. It takes no lock; counters that change meanwhile may be from slightly
// different moments.
func (c *Cache) Stats() Stats {
	s := Stats{
		Hits:       c.stats.hits.Load(),
		Misses:     c.stats.misses.Load(),
		Sets:       c.stats.sets.Load(),
		Loads:      c.stats.loads.Load(),
		LoadErrors: c.stats.loadErrors.Load(),
		Errors:     c.stats.errors.Load(),
	}
	if n := c.engine.near; n != nil {
		s.Near = n.counted()
		s.Hits += s.Near.Hits
	}
	return s
}

func (c *Cache) countRead(err error) {
	switch {
	case err == nil:
		c.stats.hits.Add(1)
	case errors.Is(err, ErrMiss):
		c.stats.misses.Add(1)
	default:
		return
	}
	c.wasRead()
}

// countReads is countRead for the results of one call.
func (c *Cache) countReads(results []driver.Result) {
	var hits, misses int64
	for i := range results {
		switch err := results[i].Err; {
		case err == nil:
			hits++
		case errors.Is(err, ErrMiss):
			misses++
		}
	}
	c.stats.hits.Add(hits)
	c.stats.misses.Add(misses)
	if hits+misses == int64(len(results)) {
		c.wasRead()
	}
}

func (c *Cache) countSet(stored bool) {
	if stored {
		c.stats.sets.Add(1)
	}
}

// countLoad counts a loader call that was not abandoned.
func (c *Cache) countLoad(err error) {
	c.stats.loads.Add(1)
	if err != nil && !errors.Is(err, ErrNotFound) {
		c.stats.loadErrors.Add(1)
	}
}

// countError counts what is the engine's or the codec's fault: not the caller's ended context or bad argument.
func (c *Cache) countError(err error) {
	for _, own := range []error{context.Canceled, ErrClosed, ErrBadKey, ErrBadTTL} {
		if errors.Is(err, own) {
			return
		}
	}
	c.stats.errors.Add(1)
}

// counters are apart from each other, so that two processors that count different things do not fight for one
// cache line.
type counters struct {
	hits       striped
	misses     striped
	sets       padded
	loads      padded
	loadErrors padded
	errors     padded
}

type padded struct {
	atomic.Int64
	_ [56]byte
}

// striped counts what happens so often that processors would wait for each other's turn at one number.
type striped [8]padded

func (s *striped) Add(n int64) {
	// Goroutines are told apart by where their stacks are: nothing else is as cheap.
	var here byte
	s[uintptr(unsafe.Pointer(&here))>>11%uintptr(len(s))].Add(n) //nolint:gosec // only a number
}

func (s *striped) Load() (n int64) {
	for i := range s {
		n += s[i].Load()
	}
	return n
}
