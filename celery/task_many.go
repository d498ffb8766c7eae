package celery

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// IDErrors are the failures of single ids in a batch whose other ids are done: each a *[ReadError], or an
// *[Error]. Among keys an engine says the same with driver.KeyErrors; its errors do not say yet what was
// done and to whom.
type IDErrors map[string]error

// Error names the first id that has failed, in their order, and how many there are.
func (e IDErrors) Error() string {
	for _, id := range slices.Sorted(maps.Keys(e)) {
		return fmt.Sprintf("celery: %d failed, first %.120q: %v", len(e), id, causeOf(e[id]))
	}
	return "celery: no id failed"
}

// Unwrap makes errors.Is and errors.As look at the error of each id.
func (e IDErrors) Unwrap() []error { return slices.Collect(maps.Values(e)) }

func (e IDErrors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Results returns what is stored of many tasks, in the order of ids, in one round trip for each
// server. If some ids fail their place is nil, and the error is an IDErrors; after any other error
// nothing is known of any.
func (r *Results) Results(ctx context.Context, ids []string) ([]*Meta, error) {
	metas, failed := make([]*Meta, len(ids)), IDErrors{}
	keys, places := r.missing(ids, metas, failed)
	began := r.cache.now()
	entries, err := r.b.MGet(ctx, keys)
	if err != nil {
		return nil, r.fail("results", "", err)
	}
	for i, e := range entries {
		at := places[i]
		m, err := r.keepEntry(ids[at], e, began)
		if err != nil {
			failed[ids[at]] = r.fail("results", ids[at], err)
			continue
		}
		metas[at] = m
	}
	return metas, failed.orNil()
}

// missing are the keys that have to be asked for, each with its place in ids.
func (r *Results) missing(ids []string, metas []*Meta, failed IDErrors) (keys []string, places []int) {
	keys, places = make([]string, 0, len(ids)), make([]int, 0, len(ids))
	for i, id := range ids {
		key, err := r.key(taskKey, id)
		if err != nil {
			failed[id] = r.fail("results", id, err)
			continue
		}
		if metas[i] = r.cache.get(id); metas[i] == nil {
			keys, places = append(keys, key), append(places, i)
		}
	}
	return keys, places
}
