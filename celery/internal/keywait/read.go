package keywait

import (
	"context"
	"errors"

	"github.com/larder-go/larder/driver"
)

// readMany reads keys in one request, or one by one where the engine knows no other way: as many as ctx
// allows. An error concerns all.
func readMany(ctx context.Context, store driver.Store, keys []string) ([]driver.Result, error) {
	if b, ok := store.(driver.Batcher); ok {
		results, err := b.GetMany(ctx, keys)
		if !errors.Is(err, errors.ErrUnsupported) {
			return results, err
		}
	}
	results := make([]driver.Result, 0, len(keys))
	for _, key := range keys {
		value, err := store.Get(ctx, key)
		if errors.Is(err, driver.ErrClosed) {
			return nil, err
		}
		if results = append(results, driver.Result{Value: value, Err: err}); ctx.Err() != nil {
			break
		}
	}
	return results, nil
}

// volume is how many bytes the values have.
func volume(results []driver.Result) (n int) {
	for _, r := range results {
		n += len(r.Value)
	}
	return n
}
