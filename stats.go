package larder

import "sync/atomic"

// Stats counts what went through a cache since it was opened. A key of a batch counts as one.
type Stats struct {
	Hits       int64 // reads that found an entry
	Misses     int64 // reads that found none
	Sets       int64 // entries written: Set, SetMany, Add that stored, loads that were stored
	Loads      int64 // loader calls; an abandoned one (its caller's context ended) does not count
	LoadErrors int64 // loader calls that failed, ErrNotFound excepted
	Errors     int64 // failures of the engine or the codec, also those that GetOrSet has covered up
}

// Stats returns the counters. It takes no lock; counters that change meanwhile may be from slightly
// different moments.
func (c *Cache) Stats() Stats {
	return Stats{
		Hits:       c.stats.hits.Load(),
		Misses:     c.stats.misses.Load(),
		Sets:       c.stats.sets.Load(),
		Loads:      c.stats.loads.Load(),
		LoadErrors: c.stats.loadErrors.Load(),
		Errors:     c.stats.errors.Load(),
	}
}

// counters are apart from each other, so that two processors that count different things do not fight for one
// cache line.
type counters struct {
	hits       padded
	misses     padded
	sets       padded
	loads      padded
	loadErrors padded
	errors     padded
}

type padded struct {
	atomic.Int64
	_ [56]byte
}
