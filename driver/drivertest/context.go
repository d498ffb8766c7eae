package drivertest

import (
	"context"
	"errors"
	"time"
)

// contextCases: a call whose context has ended does nothing, and says why.
func contextCases() []testCase {
	return []testCase{
		{name: "Cancelled", run: func(e *env) {
			ctx, cancel := context.WithCancel(e.ctx)
			cancel()
			e.wantNothingDone(ctx, context.Canceled)
		}},
		{name: "CancelledWithCause", run: func(e *env) {
			ctx, cancel := context.WithCancelCause(e.ctx)
			cancel(errors.New("because"))
			e.wantNothingDone(ctx, context.Canceled)
		}},
		{name: "DeadlineExceeded", run: func(e *env) {
			ctx, cancel := context.WithDeadline(e.ctx, time.Now().Add(-time.Second))
			defer cancel()
			e.wantNothingDone(ctx, context.DeadlineExceeded)
		}},
		{name: "StoreOutlivesIt", run: func(e *env) {
			ctx, cancel := context.WithCancel(e.ctx)
			e.ok("Set", e.store.Set(ctx, e.k("a"), []byte("1"), 0))
			cancel()
			_, _ = e.store.Get(ctx, e.k("a"))
			e.want("a", "1")
			e.set("a", "2", longTTL)
			e.want("a", "2")
		}},
	}
}

// wantNothingDone calls every method with ctx, on an entry and on an absent key.
func (e *env) wantNothingDone(ctx context.Context, want error) {
	e.Helper()
	for _, c := range calls() {
		if c.noContext || (c.needs != "" && !e.able(c.needs)) {
			continue
		}
		there, absent := "there:"+c.name, "absent:"+c.name
		e.set(there, "7", longTTL)
		if c.name == "Swap" {
			e.someVersion = e.version(there, "7")
		}
		for _, key := range []string{there, absent} {
			if err := c.call(ctx, e, e.k(key)); !errors.Is(err, want) {
				e.Errorf("%s of %q: %v; want %v", c.name, key, err, want)
			}
		}
		e.want(there, "7")
		e.wantMiss(absent)
		e.wantMiss(there + "2") // the second key of a batch
		if e.able(Inspector) && e.remaining(there) <= 0 {
			e.Errorf("%s with an ended context has changed the lifetime", c.name)
		}
	}
}
