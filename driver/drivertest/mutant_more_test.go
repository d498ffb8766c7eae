package drivertest_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
)

// Of arithmetic.

// incrSplit is GET and SET.
type incrSplit struct{ *reference }

func (m incrSplit) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	old, err := m.Get(ctx, key)
	if err != nil {
		return m.reference.Incr(ctx, key, delta, ttl)
	}
	runtime.Gosched()
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
	runtime.Gosched()
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
	runtime.Gosched()
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

// Of contexts and the end.

// deafStore does not look at contexts.
type deafStore struct{ *reference }

func (m deafStore) Delete(_ context.Context, key string) (bool, error) {
	return m.reference.Delete(context.Background(), key)
}

// late does what it is told, and then looks at its context.
type late struct{ *reference }

func (m late) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return errors.Join(m.reference.Set(context.WithoutCancel(ctx), key, value, ttl), ctx.Err())
}

type closesOnce struct{ *reference }

func (m closesOnce) Close() error {
	m.mu.Lock()
	closed := m.closed
	m.mu.Unlock()
	if closed {
		return driver.ErrClosed
	}
	return m.reference.Close()
}

// undead answers after Close.
type undead struct{ *reference }

func (m undead) Inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	info, err := m.reference.Inspect(ctx, keys)
	if errors.Is(err, driver.ErrClosed) {
		return nil, nil
	}
	return info, err
}

// hangs does not come back from Close once it has been used.
type hangs struct{ *reference }

func (m hangs) Close() error {
	if m.writes > 20 {
		select {}
	}
	return m.reference.Close()
}

// clearAllLess spares other programs.
type clearAllLess struct{ *reference }

func (m clearAllLess) ClearAll(ctx context.Context) (int, error) {
	for k := range m.Scan(ctx, "of another") {
		if v, err := m.Get(ctx, k); err == nil {
			defer func() { _ = m.Set(context.Background(), k, v, 0) }()
		}
	}
	return m.reference.ClearAll(ctx)
}

// trespasses removes an entry that begins like the prefix of the run.
type trespasses struct{ *reference }

func (m trespasses) Delete(ctx context.Context, key string) (bool, error) {
	if strings.HasPrefix(key, "p:1:") {
		_, _ = m.reference.Delete(ctx, "p:1")
	}
	return m.reference.Delete(ctx, key)
}

type anonymous struct{ *reference }

func (m anonymous) Ping(context.Context) (driver.Server, error) { return driver.Server{}, nil }
func (m anonymous) EngineName() string                          { return "" }
func (m anonymous) Unwrap(any) bool                             { return true }

func endMutants() []mutant {
	return []mutant{
		{name: "ClearAllSparesOthers", open: func() driver.Store { return clearAllLess{newReference()} }, seenBy: []string{"clear/All"}},
		{name: "Trespasses", open: func() driver.Store { return trespasses{newReference()} }, seenBy: []string{"prefixed/store/Delete"}},
		{name: "Anonymous", open: func() driver.Store { return anonymous{newReference()} },
			seenBy: []string{"info/Ping", "info/Name", "info/UnwrapStrangeTargets", "context/Cancelled"}},
		{name: "CloseHangs", open: func() driver.Store { return hangs{newReference()} }, seenBy: []string{"close/UnderLoad"}},
		{name: "IgnoresContext", open: func() driver.Store { return deafStore{newReference()} }, seenBy: []string{"context/Cancelled"}},
		{name: "LooksAtContextLate", open: func() driver.Store { return late{newReference()} },
			seenBy: []string{"context/Cancelled", "context/DeadlineExceeded"}},
		{name: "ClosesOnce", open: func() driver.Store { return closesOnce{newReference()} }, seenBy: []string{"close/Twice"}},
		{name: "AnswersAfterClose", open: func() driver.Store { return undead{newReference()} }, seenBy: []string{"close/ThenErrClosed"}},
		{name: "LeavesGoroutine", open: func() driver.Store {
			go func() { select {} }()
			return newReference()
		}, seenBy: []string{"close/LeavesNoGoroutine"}},
	}
}

// Of live values.

// liveApart has entries of its own for each split of a key.
type liveApart struct{ *reference }

func (m liveApart) GetLive(prefix, key string) (driver.Value, error) {
	return m.reference.GetLive(prefix+"\x00", key)
}

func (m liveApart) SetLive(prefix, key string, v driver.Value, ttl time.Duration) error {
	return m.reference.SetLive(prefix+"\x00", key, v, ttl)
}

// liveEncodes keeps the bytes.
type liveEncodes struct{ *reference }

func (m liveEncodes) SetLive(prefix, key string, v driver.Value, ttl time.Duration) error {
	b, err := v.Encode()
	if err != nil {
		return err
	}
	return m.reference.SetLive(prefix, key, driver.Bytes(b), ttl)
}

// swapLiveByBytes compares what values look like.
type swapLiveByBytes struct{ *reference }

func (m swapLiveByBytes) SwapLive(prefix, key string, old, v driver.Value, ttl time.Duration) (bool, error) {
	now, err := m.GetLive(prefix, key)
	if err != nil {
		return false, nil
	}
	a, _ := now.Encode()
	b, _ := old.Encode()
	if string(a) != string(b) {
		return false, nil
	}
	return m.reference.SwapLive(prefix, key, now, v, ttl)
}

func liveMutants() []mutant {
	return []mutant{
		{name: "LiveApart", open: func() driver.Store { return liveApart{newReference()} },
			seenBy: []string{"live/KeySplitsAnywhere", "live/ComesBackAsItIs"}},
		{name: "LiveEncodes", open: func() driver.Store { return liveEncodes{newReference()} }, seenBy: []string{"live/ComesBackAsItIs"}},
		{name: "SwapLiveByBytes", open: func() driver.Store { return swapLiveByBytes{newReference()} }, seenBy: []string{"live/Swap"}},
	}
}

// Of what the harness says.

func harnessMutants() []mutant {
	declared := "capabilities/AsDeclared"
	return []mutant{
		{name: "LostCapabilities", open: func() driver.Store { return plain{newReference()} },
			seenBy: []string{declared, "batches/Order", "live/Add"}},
		{name: "LostLive", open: func() driver.Store { return drivertest.NewFaulty(newReference()) }, seenBy: []string{declared, "live/Swap"}},
		{name: "Undeclared", change: func(h *drivertest.Harness) { h.Capabilities = h.Capabilities[1:] }, seenBy: []string{declared}},
		{name: "DeclinesNothing", change: func(h *drivertest.Harness) {
			h.Declines = []drivertest.Capability{drivertest.Batcher}
			h.Capabilities = h.Capabilities[1:]
		}, seenBy: []string{"capabilities/Declines"}},
		{name: "DeclaredAndDeclined", open: func() driver.Store { return drivertest.NewFaulty(plain{newReference()}).Live() },
			seenBy: []string{"batches/Order", "clear/Prefix", "scan/Prefix"}},
		{name: "NotShared", change: func(h *drivertest.Harness) {
			h.OpenShared = func(*testing.T) (a, b driver.Store) { return newReference(), newReference() }
		}, seenBy: []string{"shared/SeesTheOthersWrites", "shared/IncrLosesNothing", "shared/AddHasOneWinner"}},
	}
}
