package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
)

// The bounds of what is read at a time.
const (
	batchKeys  = 500
	batchBytes = 2 << 20
)

// keyInfo is a key with what is known of its entry, at a moment.
type keyInfo struct {
	key string
	driver.EntryInfo
	at time.Time
}

// inspected walks over the entries whose keys begin with prefix, in batches. What is gone before it is
// looked at is left out.
func (c *client) inspected(ctx context.Context, prefix string) iter.Seq2[[]keyInfo, error] {
	return func(yield func([]keyInfo, error) bool) {
		for keys, err := range c.keyBatches(ctx, prefix) {
			if err != nil {
				yield(nil, err)
				return
			}
			infos, err := c.values.Inspect(ctx, keys)
			at := time.Now() // not before: nothing shall end earlier than it would have
			if err != nil {
				yield(nil, err)
				return
			}
			batch := make([]keyInfo, 0, len(keys))
			for _, key := range keys {
				if info, ok := infos[key]; ok {
					batch = append(batch, keyInfo{key, info, at})
				}
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// keyBatches walks over the keys that begin with prefix, some hundred at a time.
func (c *client) keyBatches(ctx context.Context, prefix string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		var batch []string
		size := 0
		for key, err := range c.keys(ctx, prefix) {
			if err != nil { // that not all keys have names, it may be: those that have are not left out
				if len(batch) == 0 || yield(batch, nil) {
					yield(nil, err)
				}
				return
			}
			batch, size = append(batch, key), size+len(key)
			if len(batch) < batchKeys && size < batchBytes {
				continue
			}
			if !yield(batch, nil) {
				return
			}
			batch, size = nil, 0
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

// keys walks over the keys that begin with prefix.
func (c *client) keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range larder.Of[any](c.Cache, prefix).Keys(ctx) {
			if err != nil {
				yield("", err)
				return
			}
			if !yield(prefix+key, nil) {
				return
			}
		}
	}
}

// entry is an entry as export and copy see it.
type entry struct {
	keyInfo
	value []byte
	bad   error // why there is no value: a key that another program uses for something else
}

// entries walks over the entries whose keys begin with prefix, with a bounded amount of them in memory. The lifetime
// is read before the value; who replaces an entry in between gets the new value with the old lifetime.
func (c *client) entries(ctx context.Context, prefix string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for batch, err := range c.inspected(ctx, prefix) {
			if err != nil {
				yield(entry{}, err)
				return
			}
			for len(batch) > 0 {
				n := fitting(batch)
				if !c.readEntries(ctx, batch[:n], yield) {
					return
				}
				batch = batch[n:]
			}
		}
	}
}

// unknownSize is what a value counts as whose size the engine does not know.
const unknownSize = 256 << 10

// fitting returns how many of the batch are read at a time, at least one.
func fitting(batch []keyInfo) int {
	size := 0
	for i, info := range batch {
		if info.Size < 0 {
			size += unknownSize
		}
		if size += info.Size; size > batchBytes && i > 0 {
			return i
		}
	}
	return len(batch)
}

func (c *client) readEntries(ctx context.Context, batch []keyInfo, yield func(entry, error) bool) bool {
	keys := make([]string, len(batch))
	for i := range batch {
		keys[i] = batch[i].key
	}
	values, err := c.values.GetMany(ctx, keys)
	bad := badKeys(err)
	if err != nil && bad == nil {
		yield(entry{}, err)
		return false
	}
	for _, info := range batch {
		value, ok := values[info.key]
		if (ok || bad[info.key] != nil) && !yield(entry{info, value, bad[info.key]}, nil) {
			return false
		}
	}
	return true
}

// badKeys are those whose values are none of a cache's; nil if err is another one.
func badKeys(err error) map[string]error {
	var failed *larder.BatchError
	if !errors.As(err, &failed) {
		return nil
	}
	for _, err := range failed.Keys {
		if !errors.Is(err, larder.ErrCodec) {
			return nil
		}
	}
	return failed.Keys
}
