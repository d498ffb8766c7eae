package larder

import (
	"sync"
	"sync/atomic"

	"github.com/larder-go/larder/internal/flight"
)

// storeParallel is how many values of one GetOrSetMany are stored at a time: engines outside the process put
// concurrent calls into one round trip or one commit.
const storeParallel = 16

// lead runs the loader for the keys that this call leads, and ends each load whatever happens. Keys that another process is
// loading come last: what is loaded here has been stored before this call waits, so that two calls do not wait for each other.
func (b *bulk[V]) lead(led []*leader) error {
	if len(led) == 0 {
		return nil
	}
	defer func() {
		for _, l := range led {
			l.panicked(b.view.fail)
		}
	}()
	rest := led
	for patient := true; ; {
		var mine []*leader
		mine, rest = b.enter(rest, patient)
		if err := b.loadThese(mine); err != nil {
			for _, l := range rest {
				l.retry()
			}
			return err
		}
		if len(rest) == 0 {
			return nil
		}
		var err error
		if patient, err = b.await(rest); err != nil {
			return err
		}
	}
}

// enter is the second look-up (see View.enter), in one round trip where the engine has one. It returns the keys to load, and
// those that another process loads.
func (b *bulk[V]) enter(led []*leader, patient bool) (mine, others []*leader) {
	v := b.view
	keys := make([]string, len(led))
	for i, l := range led {
		keys[i] = l.key
	}
	for i, g := range v.cache.engine.acquire(b.ctx, b.call.prefix, keys) {
		l := led[i]
		if g.there != nil {
			if val, ok := v.seen(l, g.there); ok {
				b.found[l.key] = val
				continue
			}
		}
		if g.taken && patient {
			others = append(others, l)
			continue
		}
		l.lease = v.cache.newLease(b.call.prefix+l.key, g.lease)
		mine = append(mine, l)
	}
	return mine, others
}

// await waits until it is worth asking again for what other processes load.
func (b *bulk[V]) await(others []*leader) (patient bool, err error) {
	key := others[0].key
	patient, err = b.view.cache.await(b.ctx, b.call.prefix+key)
	if err == nil {
		return patient, nil
	}
	for _, l := range others {
		l.fail(b.ctx, err)
	}
	return false, b.view.fail("get-or-set-many", key, err)
}

// loadThese runs the loader once for all of them, and stores what it gives.
func (b *bulk[V]) loadThese(led []*leader) error {
	if len(led) == 0 {
		return nil
	}
	var keys []string
	var flights []*flight.Flight
	for _, l := range led {
		keys = append(keys, l.key)
		flights = append(flights, l.f)
	}
	loading := true
	defer func() {
		if loading { // a panic, or runtime.Goexit
			b.view.cache.countLoad(errPanicked)
		}
	}()
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

// giveUp ends what the loader has failed for.
func (b *bulk[V]) giveUp(led []*leader, err error) {
	var abandoned atomic.Bool
	inParallel(len(led), b.parallel(), func(i int) {
		if led[i].fail(b.ctx, err) {
			abandoned.Store(true)
		}
	})
	if !abandoned.Load() {
		b.view.cache.countLoad(err)
	}
}

// land stores what was loaded.
func (b *bulk[V]) land(led []*leader, values map[string]V) {
	var mu sync.Mutex
	inParallel(len(led), b.parallel(), func(i int) {
		l := led[i]
		val, ok := values[l.key]
		if !ok {
			l.settle(b.ctx, flight.Result{Err: ErrNotFound})
			return
		}
		val, err := b.view.land(b.ctx, l, b.call, val)
		mu.Lock()
		defer mu.Unlock()
		b.settle(l.key, val, err)
	})
}

// parallel is how many calls to the engine this call makes at a time.
func (b *bulk[V]) parallel() int {
	if b.view.cache.engine.live != nil {
		return 1
	}
	return storeParallel
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
