package drivertest_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
)

// Of Get, Set and Delete.

type deleteAlwaysTrue struct{ *reference }

func (m deleteAlwaysTrue) Delete(ctx context.Context, key string) (bool, error) {
	_, err := m.reference.Delete(ctx, key)
	return err == nil, err
}

// deletesTwice looks and removes in two steps.
type deletesTwice struct{ *reference }

func (m deletesTwice) Delete(ctx context.Context, key string) (bool, error) {
	_, missing := m.Get(ctx, key)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	m.letOthersIn()
	_, err := m.reference.Delete(ctx, key)
	return missing == nil, err
}

// stale answers every second read from what it has read before.
type stale struct {
	*reference
	reads *int
	last  map[string][]byte
}

func (m stale) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := m.reference.Get(ctx, key)
	m.mu.Lock()
	defer m.mu.Unlock()
	*m.reads++
	if old, ok := m.last[key]; ok && *m.reads%2 == 0 && err == nil {
		return old, nil
	}
	if err == nil {
		m.last[key] = v
	}
	return v, err
}

// tornWrites writes a value in two pieces.
type tornWrites struct{ *reference }

func (m tornWrites) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := m.reference.Set(ctx, key, value[:len(value)/2], ttl); err != nil {
		return err
	}
	m.letOthersIn()
	return m.reference.Set(ctx, key, value, ttl)
}

// slice is a value that shares the caller's memory.
type slice []byte

func (s slice) Encode() ([]byte, error) { return slices.Clone(s), nil }
func (s slice) Weight() int             { return len(s) }

type keepsMemory struct{ *reference }

func (m keepsMemory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := m.reference.Set(ctx, key, nil, ttl); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(key, slice(value), driver.KeepTTL)
	return nil
}

// reusesMemory reads into one buffer.
type reusesMemory struct {
	*reference
	buffer *[]byte
}

func (m reusesMemory) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := m.reference.Get(ctx, key)
	*m.buffer = append((*m.buffer)[:0], v...)
	return *m.buffer, err
}

type emptyIsMiss struct{ *reference }

func (m emptyIsMiss) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := m.reference.Get(ctx, key)
	if err == nil && len(v) == 0 {
		return nil, driver.ErrMiss
	}
	return v, err
}

// tooLargeStays refuses the new value and keeps the old one.
type tooLargeStays struct{ *reference }

func (m tooLargeStays) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if len(value) > m.max {
		return driver.ErrTooLarge
	}
	return m.reference.Set(ctx, key, value, ttl)
}

func storeMutants() []mutant {
	return []mutant{
		{name: "DeleteAlwaysTrue", open: func() driver.Store { return deleteAlwaysTrue{newReference()} },
			seenBy: []string{"store/Miss", "model/RandomSequences"}},
		{name: "DeleteTwice", open: func() driver.Store { return deletesTwice{newReference()} }, seenBy: []string{"linear/ConcurrentHistories"}},
		{name: "StaleReads", open: func() driver.Store { return stale{newReference(), new(int), map[string][]byte{}} },
			seenBy: []string{"store/Replace", "linear/ConcurrentHistories", "model/RandomSequences"}},
		{name: "TornWrites", open: func() driver.Store { return tornWrites{newReference()} }, seenBy: []string{"store/NeverTorn"}},
		{name: "KeepsMemory", open: func() driver.Store { return keepsMemory{newReference()} },
			seenBy: []string{"values/CallersMemoryIsNotKept"}},
		{name: "ReusesMemory", open: func() driver.Store { return reusesMemory{newReference(), new([]byte)} },
			seenBy: []string{"values/ReturnedMemoryIsNotReused"}},
		{name: "EmptyIsMiss", open: func() driver.Store { return emptyIsMiss{newReference()} }, seenBy: []string{"values/Empty"}},
		{name: "TooLargeStays", open: func() driver.Store { return tooLargeStays{newReference()} },
			seenBy: []string{"values/TooLargeDeletes", "prefixed/values/TooLargeDeletes"}},
	}
}

// otherKeys changes keys on their way in.
type otherKeys struct {
	*reference
	change func(string) string
}

func (m otherKeys) Get(ctx context.Context, key string) ([]byte, error) {
	return m.reference.Get(ctx, m.change(key))
}

func (m otherKeys) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.reference.Set(ctx, m.change(key), value, ttl)
}

func (m otherKeys) Delete(ctx context.Context, key string) (bool, error) {
	return m.reference.Delete(ctx, m.change(key))
}

func keyMutants() []mutant {
	changing := func(change func(string) string) func() driver.Store {
		return func() driver.Store { return otherKeys{newReference(), change} }
	}
	seen := []string{"keys/AllAtOnce", "prefixed/keys/DeleteSparesTheOthers"}
	return []mutant{
		{name: "KeysEndAtNUL", open: changing(func(k string) string { k, _, _ = strings.Cut(k, "\x00"); return k }), seenBy: seen},
		{name: "KeysTrimmed", open: changing(strings.TrimSpace), seenBy: seen},
		{name: "KeysWithoutCase", open: changing(strings.ToLower), seenBy: seen},
		{name: "KeysCut", open: changing(func(k string) string { return k[:min(len(k), 60000)] }), seenBy: seen},
		{name: "KeysMadeValid", open: changing(func(k string) string { return strings.ToValidUTF8(k, "\ufffd") }), seenBy: seen},
	}
}
