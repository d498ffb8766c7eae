package drivertest_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
)

// Of arithmetic.

// incrSplit is GET and SET.
type incrSplit struct{ *reference }

func (m incrSplit) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	old, err := m.Get(ctx, key)
	if err != nil {
		return m.reference.Incr(ctx, key, delta, ttl)
	}
	m.letOthersIn()
	n, err := driver.AddInt(string(old), delta)
	if err != nil {
		return 0, err
	}
	return n, m.Set(ctx, key, []byte(driver.FormatFloat(float64(n))), ttl)
}

// incrRenews gives the entry the new ttl.
type incrRenews struct{ *reference }

func (m incrRenews) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	n, err := m.reference.Incr(ctx, key, delta, ttl)
	if err == nil {
		_, err = m.Touch(ctx, key, ttl)
	}
	return n, err
}

// incrPrepares makes the text fit before it counts.
type incrPrepares struct {
	*reference
	prepare func(string) string
}

func (m incrPrepares) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	if old, err := m.Get(ctx, key); err == nil {
		if err := m.Set(ctx, key, []byte(m.prepare(string(old))), 0); err != nil {
			return 0, err
		}
	}
	return m.reference.Incr(ctx, key, delta, ttl)
}

// incrWraps goes around at 64 bits.
type incrWraps struct{ *reference }

func (m incrWraps) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	n, err := m.reference.Incr(ctx, key, delta, ttl)
	if errors.Is(err, driver.ErrOverflow) {
		return delta, m.Set(ctx, key, []byte("0"), 0)
	}
	return n, err
}

// incrFromZero makes an absent counter as 0.
type incrFromZero struct{ *reference }

func (m incrFromZero) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	if ok, err := m.Add(ctx, key, []byte("0"), ttl); ok || err != nil {
		return 0, err
	}
	return m.reference.Incr(ctx, key, delta, ttl)
}

func counterMutants() []mutant {
	return []mutant{
		{name: "IncrNotAtomic", open: func() driver.Store { return incrSplit{newReference()} },
			seenBy: []string{"counters/NothingIsLost", "linear/ConcurrentHistories"}},
		{name: "IncrRenews", open: func() driver.Store { return incrRenews{newReference()} },
			seenBy: []string{"expiry/KeptByWhatChangesTheValueOnly", "model/RandomSequences"}},
		{name: "IncrTrims", open: func() driver.Store { return incrPrepares{newReference(), strings.TrimSpace} },
			seenBy: []string{"counters/NotANumber"}},
		{name: "IncrCutsPoint", open: func() driver.Store {
			return incrPrepares{newReference(), func(s string) string { return strings.TrimSuffix(s, ".0") }}
		}, seenBy: []string{"counters/NotANumber"}},
		{name: "IncrTakesPlus", open: func() driver.Store {
			return incrPrepares{newReference(), func(s string) string { return strings.TrimPrefix(s, "+") }}
		}, seenBy: []string{"counters/NotANumber"}},
		{name: "IncrWraps", open: func() driver.Store { return incrWraps{newReference()} }, seenBy: []string{"counters/Overflow"}},
		{name: "IncrFromZero", open: func() driver.Store { return incrFromZero{newReference()} },
			seenBy: []string{"counters/MissingBecomesDelta"}},
	}
}

// Of Add.

type addOverwrites struct{ *reference }

func (m addOverwrites) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	_, missing := m.Get(ctx, key)
	return missing != nil, m.Set(ctx, key, value, ttl)
}

// addSplit is EXISTS and SET.
type addSplit struct{ *reference }

func (m addSplit) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if _, err := m.Get(ctx, key); err == nil || !errors.Is(err, driver.ErrMiss) {
		return false, ctx.Err()
	}
	m.letOthersIn()
	return true, m.Set(ctx, key, value, ttl)
}

// addRenews gives what is there the lifetime that was meant for the new value.
type addRenews struct{ *reference }

func (m addRenews) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	ok, err := m.reference.Add(ctx, key, value, ttl)
	if !ok && err == nil {
		_, err = m.Touch(ctx, key, ttl)
	}
	return ok, err
}

// addSeesExpired refuses to add over what has expired.
type addSeesExpired struct{ *reference }

func (m addSeesExpired) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := m.enter(ctx); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	if _, ok := m.entries[key]; ok {
		return false, nil
	}
	return m.add(key, driver.Bytes(value), ttl)
}

func addMutants() []mutant {
	return []mutant{
		{name: "AddOverwrites", open: func() driver.Store { return addOverwrites{newReference()} },
			seenBy: []string{"add/OnlyWhereNothingIs", "model/RandomSequences"}},
		{name: "AddNotAtomic", open: func() driver.Store { return addSplit{newReference()} },
			seenBy: []string{"add/OneWinner", "linear/ConcurrentHistories"}},
		{name: "AddRenews", open: func() driver.Store { return addRenews{newReference()} },
			seenBy: []string{"expiry/KeptByWhatChangesTheValueOnly"}},
		{name: "AddSeesExpired", open: func() driver.Store { return addSeesExpired{newReference()} },
			seenBy: []string{"add/OneWinnerOverAnExpiredOne", "expiry/ExpiredIsAbsentForEveryMethod"}},
	}
}

// Of Swap.

// swapByValue takes the value for the version.
type swapByValue struct{ *reference }

func (m swapByValue) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	v, err := m.Get(ctx, key)
	return v, string(v), err
}

func (m swapByValue) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	now, version, err := m.reference.GetVersion(ctx, key)
	if err != nil || string(now) != v {
		return false, ctx.Err()
	}
	return m.reference.Swap(ctx, key, version, value, ttl)
}

// swapSplit compares, and then sets.
type swapSplit struct{ *reference }

func (m swapSplit) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	_, version, err := m.GetVersion(ctx, key)
	if err != nil || version != v {
		return false, ctx.Err()
	}
	m.letOthersIn()
	return true, m.Set(ctx, key, value, max(ttl, 0))
}

// swapDropsTTL takes KeepTTL for "none".
type swapDropsTTL struct{ *reference }

func (m swapDropsTTL) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	return m.reference.Swap(ctx, key, v, value, max(ttl, 0))
}

// swapMakes stores also where nothing is.
type swapMakes struct{ *reference }

func (m swapMakes) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if ok, err := m.reference.Swap(ctx, key, v, value, ttl); ok || err != nil {
		return ok, err
	}
	return m.Add(ctx, key, value, max(ttl, 0))
}

// countsFromOne has versions that begin again with each new entry.
type countsFromOne struct{ *reference }

func (m countsFromOne) Delete(ctx context.Context, key string) (bool, error) {
	m.mu.Lock()
	m.writes = 0
	m.mu.Unlock()
	return m.reference.Delete(ctx, key)
}

func swapMutants() []mutant {
	return []mutant{
		{name: "SwapByValue", open: func() driver.Store { return swapByValue{newReference()} },
			seenBy: []string{"swap/DeletedAndMadeAgain"}},
		{name: "SwapNotAtomic", open: func() driver.Store { return swapSplit{newReference()} },
			seenBy: []string{"swap/OneWinner", "swap/LoopLosesNothing"}},
		{name: "SwapDropsTTL", open: func() driver.Store { return swapDropsTTL{newReference()} },
			seenBy: []string{"expiry/KeptByWhatChangesTheValueOnly"}},
		{name: "SwapMakes", open: func() driver.Store { return swapMakes{newReference()} },
			seenBy: []string{"swap/Absent", "expiry/ExpiredIsAbsentForEveryMethod"}},
		{name: "VersionsBeginAgain", open: func() driver.Store { return countsFromOne{newReference()} },
			seenBy: []string{"swap/DeletedAndMadeAgain"}},
	}
}
