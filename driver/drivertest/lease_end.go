package drivertest

import (
	"context"
	"errors"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder/driver"
)

// leaseEndCases: a lease ends by itself, unless it is renewed, or when it is given back.
func leaseEndCases() []testCase {
	return []testCase{
		{name: "Expires", run: func(e *env) { e.leaseExpires(e) }},
		{name: "ExpiresForTheOther", when: hasShared, opens: true, run: func(e *env) {
			a, b := e.two()
			a.leaseExpires(b)
		}},
		{name: "RenewKeepsIt", run: func(e *env) {
			var lease driver.Lease
			l := e.written(e.soon(), func() { lease = e.leaseFor("k", e.soon()) })
			renewed, err := e.leaser.Renew(e.ctx, e.k("k"), lease, driver.MaxLease)
			if !renewed && err == nil && time.Now().After(l.from.Add(l.ttl)) {
				return // this machine is too slow
			}
			if !renewed || err != nil {
				e.Fatalf("Renew = %v, %v", renewed, err)
			}
			l.untilGone()
			e.wantTaken("k")
			e.wantFill("k", lease, "1", 0, true)
		}},
		{name: "RenewOfNothing", run: func(e *env) {
			e.wantRenew("k", "no lease", driver.MaxLease, false)
			l := e.lease("k")
			e.wantRenew("k", "another", driver.MaxLease, false)
			e.wantRenew("k", "", driver.MaxLease, false)
			e.wantFill("k", l, "1", 0, true)
		}},
		{name: "ReleaseFreesIt", run: func(e *env) {
			l := e.lease("k")
			e.wantRelease("k", "another", false)
			e.wantTaken("k")
			e.wantRelease("k", l, true)
			e.wantRelease("k", l, false)
			e.wantFill("k", l, "1", 0, false)
			next := e.lease("k")
			e.wantRelease("k", l, false)
			e.wantFill("k", next, "1", 0, true)
		}},
	}
}

// leaseExpires: a loader that has died does not keep others waiting, and one that is late does not disturb them.
func (e *env) leaseExpires(other *env) {
	var late driver.Lease
	l := e.written(e.soon(), func() { late = e.leaseFor("k", e.soon()) })
	if g := other.acquire("k", driver.MaxLease); g.Lease != "" && time.Now().Before(l.from.Add(l.ttl)) {
		e.Errorf("the lease is given to another before its time is over")
		return
	}
	l.untilGone()
	next := other.lease("k")
	e.wantRenew("k", late, driver.MaxLease, false)
	e.wantFill("k", late, "late", 0, false)
	e.wantRelease("k", late, false)
	other.wantTaken("k")
	other.wantFill("k", next, "1", 0, true)
	e.want("k", "1")
}

// awaitCases: who waits for another's load goes on as soon as that is worth it.
func awaitCases() []testCase {
	cases := []testCase{
		{name: "AwaitOfAFreeKey", run: func(e *env) { e.ok("Await", e.awaiting(e, "k").returns()) }},
		{name: "AwaitOfWhatIsThere", run: func(e *env) {
			e.set("k", "1", 0)
			e.ok("Await", e.awaiting(e, "k").returns())
		}},
		{name: "AwaitEndsWithItsContext", run: func(e *env) {
			e.lease("k")
			ctx, cancel := context.WithCancel(e.ctx)
			w := e.awaitingIn(ctx, "k")
			cancel()
			e.wantErr("Await", w.returns(), context.Canceled)
			ctx, cancel = context.WithTimeout(e.ctx, 50*time.Millisecond)
			defer cancel()
			e.wantErr("Await", e.awaitingIn(ctx, "k").returns(), context.DeadlineExceeded)
		}},
		{name: "AwaitEndsWithClose", empties: true, run: func(e *env) {
			e.lease("k")
			w := e.awaiting(e, "k")
			e.ok("Close", e.store.Close())
			e.wantErr("Await", w.returns(), driver.ErrClosed)
		}},
		{name: "AwaitIsNotWokenByOthers", run: func(e *env) {
			l := e.lease("k")
			w := e.awaiting(e, "k")
			w.stillWaits()
			e.set("k2", "1", 0)
			e.wantFill("k3", e.lease("k3"), "1", 0, true)
			w.stillWaits()
			e.wantRelease("k", l, true)
			e.ok("Await", w.returns())
		}},
		{name: "AwaitOutlivesRenewal", run: func(e *env) {
			l := e.lease("k")
			w := e.awaiting(e, "k")
			w.stillWaits()
			e.wantRenew("k", l, driver.MaxLease, true)
			w.stillWaits()
			e.wantFill("k", l, "1", 0, true)
			e.ok("Await", w.returns())
		}},
		{name: "AwaitOfAnExpiringLease", run: func(e *env) {
			l := e.written(e.soon(), func() { e.leaseFor("k", e.soon()) })
			e.ok("Await", e.awaiting(e, "k").returns())
			if time.Now().Before(l.from.Add(l.ttl)) {
				e.Error("Await returns before the lease is over")
			}
			e.lease("k")
		}},
		{name: "AwaitOfMany", run: func(e *env) {
			l := e.lease("k")
			var all []*waiter
			for range 20 {
				all = append(all, e.awaiting(e, "k"))
			}
			e.wantFill("k", l, "1", 0, true)
			for _, w := range all {
				e.ok("Await", w.returns())
			}
		}},
	}
	for _, wake := range wakes() {
		cases = append(cases,
			testCase{name: "AwaitIsWokenBy" + wake.name, run: func(e *env) { e.wantWoken(e, wake.do) }},
			testCase{name: "AwaitIsWokenByTheOthers" + wake.name, when: hasShared, opens: true, run: func(e *env) {
				a, b := e.two()
				a.wantWoken(b, wake.do)
			}})
	}
	return cases
}

type wake struct {
	name string
	do   func(e *env, l driver.Lease)
}

// wakes are what frees a lease, or makes the key be there, before the lease's time is over.
func wakes() []wake {
	return []wake{
		{"Fill", func(e *env, l driver.Lease) { e.wantFill("k", l, "1", 0, true) }},
		{"Release", func(e *env, l driver.Lease) { e.wantRelease("k", l, true) }},
		{"Delete", func(e *env, _ driver.Lease) { e.wantDelete("k", false) }},
		{"Set", func(e *env, _ driver.Lease) { e.set("k", "1", 0) }},
		{"SetWithTTL", func(e *env, _ driver.Lease) { e.set("k", "1", longTTL) }},
	}
}

func (e *env) wantWoken(other *env, do func(e *env, l driver.Lease)) {
	e.Helper()
	l := other.lease("k")
	w := e.awaiting(e, "k")
	w.stillWaits()
	do(other, l)
	e.ok("Await", w.returns())
}

// waiter is a call of Await.
type waiter struct {
	e     *env
	ended chan error
	from  time.Time
}

func (e *env) awaiting(on *env, key string) *waiter { e.Helper(); return on.awaitingIn(e.ctx, key) }

func (e *env) awaitingIn(ctx context.Context, key string) *waiter {
	w := &waiter{e: e, ended: make(chan error, 1), from: time.Now()}
	go func() { w.ended <- e.leaser.Await(ctx, e.k(key)) }()
	return w
}

// stillWaits lets the call begin, where the case can tell, and fails if it has ended.
func (w *waiter) stillWaits() {
	w.e.Helper()
	if w.e.virtual {
		synctest.Wait()
	}
	select {
	case err := <-w.ended:
		w.e.Fatalf("Await returns %v while another has the lease", err)
	default:
	}
}

var errAsleep = errors.New("it has not come back for half the time of the lease")

// returns is the call's error. A call that only comes back because the lease is over has not been woken.
func (w *waiter) returns() error {
	t := time.NewTimer(time.Until(w.from.Add(driver.MaxLease / 2)))
	defer t.Stop()
	select {
	case err := <-w.ended:
		return err
	case <-t.C:
		return errAsleep
	}
}
