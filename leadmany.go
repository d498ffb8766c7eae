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
			l.gone(b.ctx, b.view.fail)
		}
	}()
	waits := b.view.cache.patience(b.ctx)
	for {
		mine, others := b.enter(led, waits.over())
		if err := b.loadThese(mine); err != nil || len(others) == 0 {
			return err
		}
		if err := waits.await(b.call.prefix + others[0].key); err != nil {
			for _, l := range others {
				l.abandon()
			}
			return b.view.fail("get-or-set-many", others[0].key, err)
		}
		led = others
	}
}

// enter is the second look-up (see View.enter), in one round trip where the engine has one. It returns the keys to load, and
// those that another process loads, unless the call does not want to wait for it.
func (b *bulk[V]) enter(led []*leader, impatient bool) (mine, others []*leader) {
	keys := make([]string, len(led))
	for i, l := range led {
		l.f.Begin()
		keys[i] = l.key
	}
	for i, g := range b.view.cache.engine.acquire(b.ctx, b.call.prefix, keys) {
		l := led[i]
		if g.there != nil {
			if val, ok := b.view.seen(l, g.there); ok {
				b.found[l.key] = val
				continue
			}
		}
		if g.taken && !impatient {
			others = append(others, l)
			continue
		}
		l.take(b.view.cache, b.call.prefix, g)
		mine = append(mine, l)
	}
	return mine, others
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
