package drivertest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/larder-go/larder/driver"
)

// Op names a method of a store, for the hooks of [Faulty].
type Op string

// The methods. The Live ones are those of [Faulty.Live].
const (
	OpGet        Op = "Get"
	OpSet        Op = "Set"
	OpDelete     Op = "Delete"
	OpClose      Op = "Close"
	OpGetMany    Op = "GetMany"
	OpSetMany    Op = "SetMany"
	OpDeleteMany Op = "DeleteMany"
	OpAdd        Op = "Add"
	OpTouch      Op = "Touch"
	OpIncr       Op = "Incr"
	OpIncrFloat  Op = "IncrFloat"
	OpGetVersion Op = "GetVersion"
	OpSwap       Op = "Swap"
	OpScan       Op = "Scan"
	OpClear      Op = "Clear"
	OpClearAll   Op = "ClearAll"
	OpInspect    Op = "Inspect"
	OpPing       Op = "Ping"
	OpReport     Op = "Report"
	OpAdvise     Op = "Advise"
	OpGetTimed   Op = "GetTimed"
	OpWatch      Op = "Watch"
	OpAcquire    Op = "Acquire"
	OpRenew      Op = "Renew"
	OpFill       Op = "Fill"
	OpRelease    Op = "Release"
	OpAwait      Op = "Await"
	OpSetNotify  Op = "SetNotify"
	OpSwapNotify Op = "SwapNotify"
	OpSubscribe  Op = "Subscribe"
	OpCollect    Op = "Collect"
	OpMembers    Op = "Members"
	OpDrop       Op = "Drop"
	OpGetLive    Op = "GetLive"
	OpSetLive    Op = "SetLive"
	OpAddLive    Op = "AddLive"
	OpSwapLive   Op = "SwapLive"
)

// AllOps returns every Op.
func AllOps() []Op {
	return []Op{OpGet, OpSet, OpDelete, OpClose, OpGetMany, OpSetMany, OpDeleteMany, OpAdd, OpTouch, OpIncr, OpIncrFloat,
		OpGetVersion, OpSwap, OpScan, OpClear, OpClearAll, OpInspect, OpPing, OpReport, OpAdvise, OpGetTimed, OpWatch,
		OpAcquire, OpRenew, OpFill, OpRelease, OpAwait,
		OpSetNotify, OpSwapNotify, OpSubscribe, OpCollect, OpMembers, OpDrop, OpGetLive, OpSetLive, OpAddLive, OpSwapLive}
}

// Call is one call of a method.
type Call struct {
	Op Op
	// Keys are the keys that it is about, in the order of the arguments: one for most methods, the prefix for Scan,
	// Clear and Watch, none for Close, ClearAll, Ping and Report.
	Keys []string
}

// Faulty is a store on top of another one that fails, stops, counts and shows its calls as a test wants, for the
// tests of what is built on stores:
//
//	faulty := drivertest.NewFaulty(memory.New(…))
//	cache, err := larder.New(faulty)                        // or faulty.Live(), with its live values
//	faulty.Fail(drivertest.OpGet, errors.New("unplugged"))  // from now on, each Get
//	…
//	faulty.Heal(drivertest.OpGet)
//
// A wrapper hides the optional interfaces of what it wraps. Faulty has all of them; the methods that the store below
// lacks answer [errors.ErrUnsupported], so that the caller takes its slow road. Only [driver.Live] is hidden,
// because a store cannot decline it: Faulty has it by way of [Faulty.Live].
//
// A call passes, in this order: the count, the observers, the faults of its Op in the order in which they were set, the store.
// All methods are safe for concurrent use.
type Faulty struct {
	inner parts
	store driver.Store
	slot  driver.Slot

	mu        sync.Mutex
	counts    map[Op]int
	observers []func(Call)
	before    map[Op][]func(context.Context, Call) error
	after     map[Op][]func(Call, error) error
	gates     map[Op][]*Gate
}

// NewFaulty returns a Faulty on top of store, without any fault. Closing it closes store.
func NewFaulty(store driver.Store) *Faulty {
	return &Faulty{
		inner: partsOf(store), store: store,
		counts: map[Op]int{},
		before: map[Op][]func(context.Context, Call) error{},
		after:  map[Op][]func(Call, error) error{},
		gates:  map[Op][]*Gate{},
	}
}

// Inner returns the store below, which knows no faults.
func (f *Faulty) Inner() driver.Store { return f.store }

// Fail makes every call of op fail with err, until Heal. The store below does not see the calls.
func (f *Faulty) Fail(op Op, err error) {
	f.Intercept(op, func(context.Context, Call) error { return err })
}

// FailTimes makes the next n calls of op fail with err, and no others.
func (f *Faulty) FailTimes(op Op, n int, err error) {
	var mu sync.Mutex
	f.Intercept(op, func(context.Context, Call) error {
		mu.Lock()
		defer mu.Unlock()
		if n <= 0 {
			return nil
		}
		n--
		return err
	})
}

// FailKey makes every call of op fail with err that is about key, alone or among others.
func (f *Faulty) FailKey(op Op, key string, err error) {
	f.Intercept(op, func(_ context.Context, c Call) error {
		if slices.Contains(c.Keys, key) {
			return err
		}
		return nil
	})
}

// LoseReply lets every call of op reach the store, and then fail with err: as when a connection breaks after the server
// has done the work. Not for Scan.
func (f *Faulty) LoseReply(op Op, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after[op] = append(f.after[op], func(Call, error) error { return err })
}

// Intercept calls do before each call of op. If do returns an error, the call fails with it and does not reach the
// store. do may block, and should then heed ctx.
func (f *Faulty) Intercept(op Op, do func(ctx context.Context, c Call) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before[op] = append(f.before[op], do)
}

// Heal removes every fault of op and opens its gates. Without an op it does so for all. Counts and observers stay.
func (f *Faulty) Heal(ops ...Op) {
	if len(ops) == 0 {
		ops = AllOps()
	}
	f.mu.Lock()
	var gates []*Gate
	for _, op := range ops {
		gates = append(gates, f.gates[op]...)
		delete(f.before, op)
		delete(f.after, op)
		delete(f.gates, op)
	}
	f.mu.Unlock()
	for _, g := range gates {
		g.Release()
	}
}

// Count returns how many calls of op there have been, those that failed or still wait at a gate too. Without an op it
// counts all.
func (f *Faulty) Count(ops ...Op) int {
	if len(ops) == 0 {
		ops = AllOps()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, op := range ops {
		n += f.counts[op]
	}
	return n
}

// ResetCounts sets all counts to 0.
func (f *Faulty) ResetCounts() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.counts)
}

// Observe calls see with every call from now on, on the caller's goroutine, before anything else happens to it.
func (f *Faulty) Observe(see func(Call)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.observers = append(f.observers, see)
}

// Live returns the same store, with the same faults, that is also a [driver.Live]; or f itself if the store below is
// none. Use f to see how a caller does without live values.
func (f *Faulty) Live() driver.Store {
	if f.inner.live == nil {
		return f
	}
	return &faultyLive{f}
}

// enter takes a call through counts, observers and faults. A caller that gets an error returns it.
func (f *Faulty) enter(ctx context.Context, op Op, keys ...string) error {
	call := Call{Op: op, Keys: keys}
	f.mu.Lock()
	f.counts[op]++
	observers, before := slices.Clone(f.observers), slices.Clone(f.before[op])
	f.mu.Unlock()
	for _, see := range observers {
		see(call)
	}
	for _, do := range before {
		if err := do(ctx, call); err != nil {
			return err
		}
	}
	return nil
}

// leave is what becomes of a call's error on the way back.
func (f *Faulty) leave(op Op, err error, keys ...string) error {
	f.mu.Lock()
	after := slices.Clone(f.after[op])
	f.mu.Unlock()
	for _, do := range after {
		err = do(Call{Op: op, Keys: keys}, err)
	}
	return err
}

// through takes a call with one result all the way. do is nil where the store lacks the method.
func through[R any](ctx context.Context, f *Faulty, op Op, keys []string, has bool, do func() (R, error)) (R, error) {
	var zero R
	if err := f.enter(ctx, op, keys...); err != nil {
		return zero, err
	}
	if !has {
		return zero, errors.ErrUnsupported
	}
	r, err := do()
	if err = f.leave(op, err, keys...); err != nil {
		if errors.As(err, new(driver.KeyErrors)) {
			return r, err // what did not fail counts
		}
		return zero, err
	}
	return r, nil
}
