package larder

import (
	"sync"
	"sync/atomic"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/flight"
)

// storeParallel is how many values of one GetOrSetMany are stored at a time: engines outside the process put
// concurrent calls into one round trip or one commit.
const storeParallel = 16

// lead runs the loader for the keys that this call leads, and ends each load whatever happens.
func (b *bulk[V]) lead(led []*leader) error {
	if len(led) == 0 {
		return nil
	}
	loading := false
	defer func() {
		if loading { // a panic, or runtime.Goexit
			b.view.cache.countLoad(errPanicked)
		}
		for _, l := range led {
			l.panicked(b.view.fail)
		}
	}()
	b.lookAgain(led)
	var keys []string
	var flights []*flight.Flight
	for _, l := range led {
		if !l.ended {
			keys = append(keys, l.key)
			flights = append(flights, l.f)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	loading = true
	values, err := b.load(flight.Loading(b.ctx, flights...), keys)
	loading = false
	if err != nil {
		b.giveUp(led, err)
		return err
	}
	b.view.cache.countLoad(nil)
	b.land(led, values)
	return nil
}

// lookAgain is the second look-up (see View.lookAgain), in one round trip where the engine has one.
func (b *bulk[V]) lookAgain(led []*leader) {
	v := b.view
	if v.cache.engine.live != nil {
		for _, l := range led {
			if val, ok := v.lookAgain(b.ctx, l, b.call.prefix); ok {
				b.found[l.key] = val
			}
		}
		return
	}
	wire := make([]string, len(led))
	for i, l := range led {
		wire[i] = b.call.prefix + l.key
	}
	results, err := v.cache.engine.getMany(b.ctx, wire)
	if err != nil {
		return // a fault is a reason to load
	}
	for i, l := range led {
		if results[i].Err != nil {
			continue
		}
		if val, ok := v.seen(l, driver.Bytes(results[i].Value)); ok {
			b.found[l.key] = val
		}
	}
}

// giveUp ends what is left after the loader's error.
func (b *bulk[V]) giveUp(led []*leader, err error) {
	abandoned := false
	for _, l := range led {
		if !l.ended {
			abandoned = l.fail(b.ctx, err) || abandoned
		}
	}
	if !abandoned {
		b.view.cache.countLoad(err)
	}
}

// land stores what was loaded.
func (b *bulk[V]) land(led []*leader, values map[string]V) {
	parallel := storeParallel
	if b.view.cache.engine.live != nil {
		parallel = 1
	}
	var mu sync.Mutex
	inParallel(len(led), parallel, func(i int) {
		l := led[i]
		if l.ended {
			return
		}
		val, ok := values[l.key]
		if !ok {
			l.finish(flight.Result{Err: ErrNotFound})
			return
		}
		val, err := b.view.land(b.ctx, l, b.call, val)
		mu.Lock()
		defer mu.Unlock()
		b.settle(l.key, val, err)
	})
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
