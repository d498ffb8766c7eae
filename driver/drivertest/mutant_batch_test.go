package drivertest_test

import (
	"context"
	"slices"
	"time"

	"github.com/larder-go/larder/driver"
)

// Of batches.

type getManySorted struct{ *reference }

func (m getManySorted) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	return m.reference.GetMany(ctx, slices.Sorted(slices.Values(keys)))
}

type getManyDistinct struct{ *reference }

func (m getManyDistinct) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	return m.reference.GetMany(ctx, slices.Compact(slices.Sorted(slices.Values(keys))))
}

type setManyFirst struct{ *reference }

func (m setManyFirst) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	items = slices.Clone(items)
	slices.Reverse(items)
	return m.reference.SetMany(ctx, items, ttl)
}

type deleteManyCounts struct{ *reference }

func (m deleteManyCounts) DeleteMany(ctx context.Context, keys []string) (int, error) {
	_, err := m.reference.DeleteMany(ctx, keys)
	if err != nil {
		return 0, err
	}
	return len(keys), nil
}

// batchLimit is a statement with at most 1,000 parameters.
type batchLimit struct{ *reference }

func (m batchLimit) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	return m.reference.SetMany(ctx, items[:min(len(items), 1000)], ttl)
}

// allOrNothing fails the whole batch for one value.
type allOrNothing struct{ *reference }

func (m allOrNothing) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	for _, i := range items {
		if len(i.Value) > m.max {
			return driver.ErrTooLarge
		}
	}
	return m.reference.SetMany(ctx, items, ttl)
}

func batchMutants() []mutant {
	return []mutant{
		{name: "GetManySorted", open: func() driver.Store { return getManySorted{newReference()} }, seenBy: []string{"batches/Order"}},
		{name: "GetManyDistinct", open: func() driver.Store { return getManyDistinct{newReference()} }, seenBy: []string{"batches/Duplicates"}},
		{name: "SetManyFirstWins", open: func() driver.Store { return setManyFirst{newReference()} },
			seenBy: []string{"batches/Duplicates", "model/RandomSequences"}},
		{name: "DeleteManyCountsNames", open: func() driver.Store { return deleteManyCounts{newReference()} },
			seenBy: []string{"batches/DeleteCounts"}},
		{name: "BatchLimit", open: func() driver.Store { return batchLimit{newReference()} }, seenBy: []string{"batches/Big"}},
		{name: "AllOrNothing", open: func() driver.Store { return allOrNothing{newReference()} }, seenBy: []string{"batches/OneTooLarge"}},
	}
}
