package larder

import (
	"context"
	"errors"
	"iter"
)

// Keys walks over the keys of this view, without its prefix, in no particular order and with a bounded number of
// them in memory. Keys that come or go meanwhile may or may not be seen; the others are seen, each once on the
// engines of this module (a server that grows meanwhile may repeat one). An error
// is yielded once, and ends the walk. The cache may be used while walking, for writes too.
func (v *view) Keys(ctx context.Context, opts ...CallOption) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		call, err := v.resolve(opts)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield("", v.failAll("keys", err))
			return
		}
		for key, err := range v.cache.engine.scan(ctx, call.prefix) {
			if err != nil {
				yield("", v.failAll("keys", err))
				return
			}
			if !yield(key[len(call.prefix):], nil) {
				return
			}
		}
	}
}

// Keys walks over the keys of this key prefix and version, without them; with layout=bare, over all. Otherwise as
// the Keys of a view.
func (c *Cache) Keys(ctx context.Context, opts ...CallOption) iter.Seq2[string, error] {
	return c.root.Keys(ctx, opts...)
}

var errClearBare = errors.New("a view without prefix under layout=bare is the whole database: Cache.Clear says so")

// Clear removes the entries of this view, of this key prefix and version only, and returns how many, or -1 if the
// engine does not know. The view's prefix is literal text: that of "a" contains "ab", so end it with a colon.
// Entries that are written meanwhile may stay.
//
// Memcached can do that only if the URL says generations=true, under which programs of other languages do not find the keys;
// without, the error is errors.ErrUnsupported. See docs/memcached.md.
func (v *view) Clear(ctx context.Context, opts ...CallOption) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, v.failAll("clear", err)
	}
	call, err := v.resolve(opts)
	if err != nil {
		return 0, v.failAll("clear", err)
	}
	if call.prefix == "" {
		return 0, v.failAll("clear", errClearBare)
	}
	if err := v.cache.engine.flights.VoidPrefix(ctx, call.prefix); err != nil {
		return 0, v.failAll("clear", err)
	}
	n, err := v.cache.engine.clear(ctx, call.prefix)
	v.cache.engine.flights.VoidPrefixAfter(call.prefix)
	return n, v.failAll("clear", err)
}

// Clear removes EVERYTHING in the engine's database, other programs' keys too, as in async-caches. It returns how
// many entries that were, or -1 if the engine does not know. To remove only what belongs to this cache, clear a
// view without prefix: larder.Of[any](c, "").Clear(ctx), which Memcached can do with generations=true only.
func (c *Cache) Clear(ctx context.Context) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, c.fail("clear", "", err)
	}
	if err := c.engine.flights.VoidPrefix(ctx, ""); err != nil {
		return 0, c.fail("clear", "", err)
	}
	n, err := c.engine.clearAll(ctx)
	c.engine.flights.VoidPrefixAfter("")
	return n, c.fail("clear", "", err)
}

// Inspect returns remaining lifetime and size in bytes of those of the keys that are there, in one round trip
// where the engine has one. It does not count as a use for eviction. Keys that failed alone are named in a
// [*BatchError], and the map has the others.
func (v *view) Inspect(ctx context.Context, keys []string, opts ...CallOption) (map[string]EntryInfo, error) {
	b, err := v.prepareMany(ctx, keys, opts)
	if err != nil {
		return nil, v.failAll("inspect", err)
	}
	own := make(map[string]EntryInfo, len(keys))
	if len(b.keys) == 0 {
		return own, v.failMany("inspect", b.failed)
	}
	infos, err := v.cache.engine.info(ctx, b.wire())
	if err != nil {
		return nil, v.failAll("inspect", err)
	}
	for full, info := range infos {
		own[full[len(b.call.prefix):]] = info
	}
	return own, v.failMany("inspect", b.failed)
}
