//go:build unix

package larder_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis"
)

// nearWorker is one process.
type nearWorker struct {
	task   nearTask
	ledger *ledger
	store  *redis.Store
	c      *larder.Cache
	v      *larder.View[int]
	mu     sync.Mutex
	tally  nearTally
	ops    atomic.Int64
}

// work does the operations of the task from several goroutines, and goes on for a while at least. Two more read all the time: they
// do not count.
func (w *nearWorker) work() {
	began := time.Now()
	due := func() bool { return w.ops.Load() < w.task.Ops || time.Since(began) < nearShortest }
	var wg sync.WaitGroup
	for g := range nearWriters {
		wg.Go(func() {
			for due() {
				if w.operation(g) {
					w.ops.Add(1)
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			for due() {
				w.read(rand.N(ledgerKeys))
			}
		})
	}
	wg.Wait()
	s := w.c.Stats().Near
	w.tally.Ops, w.tally.Hits, w.tally.Flushes = w.ops.Load(), s.Hits, s.Flushes
}

// nearWriters are the goroutines of a process that write. Each has keys of its own.
const nearWriters = 4

// operation tells whether it could be done.
func (w *nearWorker) operation(g int) bool {
	switch n := rand.N(100); {
	case n < 10:
		return w.write(g)
	case n < 15:
		return w.readMany()
	}
	return w.read(rand.N(ledgerKeys))
}

// deleted tells whether a number stands for no entry: every fifth does.
func deleted(n int) bool { return n%5 == 0 }

// write writes the next number of one of its own keys, until it is acknowledged: it may have been written several times. It is seen
// at once by who goes through the same cache.
func (w *nearWorker) write(g int) bool {
	const writers = nearProcesses * nearWriters
	key := rand.N(ledgerKeys/writers)*writers + w.task.Index*nearWriters + g
	n := w.ledger.last(key) + 1
	if n >= ledgerRoom {
		return true
	}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		foreign, err := w.writeOnce(ctx, strconv.Itoa(key), n)
		cancel()
		if err != nil {
			w.count(func(t *nearTally) { t.Failed++ })
			continue
		}
		w.ledger.acknowledged(key, n)
		w.count(func(t *nearTally) { t.Writes++ })
		if !foreign {
			w.readOwn(key, n)
		}
		return true
	}
}

// writeOnce writes in one of several ways; some of them are not seen by the near copy of this process itself.
func (w *nearWorker) writeOnce(ctx context.Context, key string, n int) (foreign bool, err error) {
	foreign = rand.N(4) == 0
	switch {
	case deleted(n) && foreign:
		_, err = w.store.Delete(ctx, "::"+key)
	case deleted(n):
		err = w.deleteOnce(ctx, key)
	case foreign:
		err = w.store.Set(ctx, "::"+key, []byte(strconv.Itoa(n)), 0)
	default:
		err = w.setOnce(ctx, key, n)
	}
	return foreign, err
}

// deleteOnce may also let the entry's life end.
func (w *nearWorker) deleteOnce(ctx context.Context, key string) (err error) {
	switch rand.N(3) {
	case 0:
		_, err = w.v.DeleteMany(ctx, []string{key})
	case 1:
		if _, err = w.v.Touch(ctx, key, larder.TTL(time.Millisecond)); err == nil {
			time.Sleep(2 * time.Millisecond) // more than what it has left
		}
	default:
		_, err = w.v.Delete(ctx, key)
	}
	return err
}

func (w *nearWorker) setOnce(ctx context.Context, key string, n int) error {
	switch rand.N(3) {
	case 0:
		return w.v.SetMany(ctx, map[string]int{key: n})
	case 1:
		return w.v.Set(ctx, key, n, larder.TTL(time.Hour))
	default:
		return w.v.Set(ctx, key, n)
	}
}

// readOwn reads what this goroutine has written just now, and nobody else writes.
func (w *nearWorker) readOwn(key, n int) {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	got, err := w.v.Get(ctx, strconv.Itoa(key))
	switch {
	case err != nil && !errors.Is(err, larder.ErrMiss):
		return // it cannot be told
	case deleted(n) && err != nil, got == n:
		return
	}
	w.count(func(t *nearTally) {
		t.Unseen++
		t.Example = fmt.Sprintf("process %d has written %d of key %d, and then reads %d, %v", w.task.Index, n, key, got, err)
	})
}

func (w *nearWorker) count(do func(*nearTally)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do(&w.tally)
}

func (w *nearWorker) read(key int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	n, err := w.v.Get(ctx, strconv.Itoa(key))
	if err != nil && !errors.Is(err, larder.ErrMiss) {
		w.count(func(t *nearTally) { t.Failed++ })
		return false
	}
	w.check(key, n, began)
	return true
}

func (w *nearWorker) readMany() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	keys := []string{strconv.Itoa(rand.N(ledgerKeys)), strconv.Itoa(rand.N(ledgerKeys)), strconv.Itoa(rand.N(ledgerKeys))}
	began := time.Now()
	found, err := w.v.GetMany(ctx, keys)
	if err != nil {
		w.count(func(t *nearTally) { t.Failed++ })
		return false
	}
	for _, text := range keys {
		key, _ := strconv.Atoi(text)
		w.check(key, found[text], began)
	}
	return true
}

// check compares what was read with the ledger; 0 is no entry.
func (w *nearWorker) check(key, n int, began time.Time) {
	if n == 0 {
		n = w.lastDeleted(key)
	}
	replaced, isReplaced := w.ledger.when(key, n+1)
	if !isReplaced || replaced.After(began) {
		return
	}
	age := began.Sub(replaced)
	w.count(func(t *nearTally) {
		t.Oldest = max(t.Oldest, age)
		if age > driver.AliveWithin {
			t.Stale++
			t.Example = fmt.Sprintf("process %d has read %d of key %d, which was replaced %v before", w.task.Index, n, key, age)
		}
	})
}

// lastDeleted is the last number that stands for no entry, and may have been written.
func (w *nearWorker) lastDeleted(key int) int {
	n := w.ledger.last(key) + 1
	for !deleted(n) {
		n--
	}
	return n
}
