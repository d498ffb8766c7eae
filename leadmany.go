package larder

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/flight"
)

// storeParallel is how many values of one GetOrSetMany are stored at a time: engines outside the process put
// concurrent calls into one round trip or one commit.
const storeParallel = 16

// leading is the keys of one loader call that a GetOrSetMany leads.
type leading[V any] struct {
	*bulk[V]
	led    []boarding
	ended  []bool
	spoilt []driver.Value
}

// lead runs the loader for the keys that it leads, and ends each flight whatever happens.
func (b *bulk[V]) lead(led []boarding) error {
	if len(led) == 0 {
		return nil
	}
	l := &leading[V]{b, led, make([]bool, len(led)), make([]driver.Value, len(led))}
	loading := false
	defer func() {
		if loading {
			b.view.cache.countLoad(errPanicked)
		}
		for i := range led { // something is left only after a panic, or runtime.Goexit
			if !l.ended[i] {
				l.finish(i, flight.Result{Err: b.view.fail("get-or-set-many", led[i].key, errPanicked)})
			}
		}
	}()
	l.lookAgain()
	var keys []string
	var flights []*flight.Flight
	for i := range led {
		if !l.ended[i] {
			keys = append(keys, led[i].key)
			flights = append(flights, led[i].f)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	loading = true
	values, err := b.load(flight.Loading(b.ctx, flights...), keys)
	loading = false
	if err != nil {
		l.giveUp(err)
		return err
	}
	b.view.cache.countLoad(nil)
	l.land(values)
	return nil
}

func (l *leading[V]) finish(i int, r flight.Result) {
	l.ended[i] = true
	l.led[i].f.Finish(r)
}

// lookAgain is the second look-up (see View.lead), for all keys at once.
func (l *leading[V]) lookAgain() {
	v := l.view
	if v.cache.engine.live != nil {
		for i := range l.led {
			if val, kept, spoilt := v.lookAgain(l.ctx, l.call.prefix, l.led[i].key); kept != nil {
				l.note(i, val, kept, spoilt)
			}
		}
		return
	}
	wire := make([]string, len(l.led))
	for i := range l.led {
		wire[i] = l.call.prefix + l.led[i].key
	}
	results, err := v.cache.engine.getMany(l.ctx, wire)
	if err != nil {
		return // a fault is a reason to load
	}
	for i, r := range results {
		if r.Err == nil {
			val, err := v.kind.decode(r.Value)
			l.note(i, val, driver.Bytes(r.Value), err != nil)
		}
	}
}

// note notes what the second look-up has found.
func (l *leading[V]) note(i int, val V, kept driver.Value, spoilt bool) {
	if spoilt {
		l.spoilt[i] = kept
		return
	}
	l.found[l.led[i].key] = val
	l.finish(i, flight.Result{Value: kept})
}

// giveUp ends every flight that is left: handed on if this caller's context has ended.
func (l *leading[V]) giveUp(err error) {
	abandoned := l.ctx.Err() != nil
	if !abandoned {
		l.view.cache.countLoad(err)
	}
	for i := range l.led {
		switch {
		case l.ended[i]:
		case abandoned:
			l.ended[i] = true
			l.led[i].f.Abandon()
		default:
			l.finish(i, flight.Result{Err: err})
		}
	}
}

// land stores what was loaded.
func (l *leading[V]) land(values map[string]V) {
	parallel := storeParallel
	if l.view.cache.engine.live != nil {
		parallel = 1
	}
	var mu sync.Mutex
	inParallel(len(l.led), parallel, func(i int) {
		if l.ended[i] {
			return
		}
		key := l.led[i].key
		val, ok := values[key]
		if !ok {
			l.finish(i, flight.Result{Err: ErrNotFound})
			return
		}
		val, err := l.landOne(i, val)
		mu.Lock()
		defer mu.Unlock()
		l.settle(key, val, err)
	})
}

func (l *leading[V]) landOne(i int, val V) (V, error) {
	held, err := l.view.kind.hold(val)
	if err != nil {
		l.finish(i, flight.Result{Err: l.view.fail("get-or-set-many", l.led[i].key, err)})
		return val, err
	}
	end := func(r flight.Result) { l.finish(i, r) }
	val, err = l.view.land(l.ctx, l.led[i].f, end, l.call, l.led[i].key, landing[V]{val, held, l.spoilt[i]})
	var inner *Error
	if errors.As(err, &inner) {
		err = inner.Err // the batch's error adds operation and key
	}
	return val, err
}

// inParallel calls do for 0 to n-1, so many at a time. A panic in do (of a value's own marshaller, say) comes out
// here, where the caller can recover from it, and not on a goroutine, where it would end the process.
func inParallel(n, parallel int, do func(i int)) {
	if parallel == 1 || n == 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	var panicked atomic.Pointer[any]
	for range min(parallel, n) {
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					panicked.Store(&r)
				}
			}()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	wg.Wait()
	if r := panicked.Load(); r != nil {
		panic(*r)
	}
}
