package drivertest_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
)

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
func (m anonymous) Advise(context.Context) ([]driver.Advice, error) {
	return []driver.Advice{{Text: "a\nb"}}, nil
}
func (m anonymous) EngineName() string { return "" }
func (m anonymous) Unwrap(any) bool    { return true }

type longWinded struct{ *reference }

func (m longWinded) Advise(context.Context) ([]driver.Advice, error) {
	return []driver.Advice{{Subject: "size", Text: "small,\nbut not too small"}}, nil
}

func endMutants() []mutant {
	return []mutant{
		{name: "AdvisesInLines", open: func() driver.Store { return longWinded{newReference()} }, seenBy: []string{"info/Advise"}},
		{name: "ClearAllSparesOthers", open: func() driver.Store { return clearAllLess{newReference()} }, seenBy: []string{"clear/All"}},
		{name: "Trespasses", open: func() driver.Store { return trespasses{newReference()} }, seenBy: []string{"prefixed/store/Delete"}},
		{name: "Anonymous", open: func() driver.Store { return anonymous{newReference()} },
			seenBy: []string{"info/Ping", "info/Advise", "info/Name", "info/UnwrapStrangeTargets", "context/Cancelled"}},
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
