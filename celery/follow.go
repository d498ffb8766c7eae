package celery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/larder-go/larder/driver"
)

// Change is what Follow yields.
type Change struct {
	// ID is the task's.
	ID string
	// Meta is what is stored of it now; PENDING, and not Known, if that was deleted or has expired. It is nil after an Err.
	Meta *Meta
	// Err is why it cannot be read: a *[ReadError].
	Err error
	// Gap tells, in place of a task, that changes may have been missed up to now.
	Gap bool
}

// followRoom is how many tasks may wait for a consumer.
const followRoom = 10_000

// Follow yields each task whose id begins with prefix as something is stored of it, or deleted, whoever does so. It yields what
// is there when it is read: of changes that follow each other quickly the last one, and one change perhaps twice.
//
// The first Change is a Gap: from there on everything is told. More come when the connection is lost, when it is there again, and when
// the consumer is so slow that more than 10,000 tasks wait.
//
// An error is yielded once and ends it: that of ctx, or errors.ErrUnsupported where the engine does not tell of changes. Redis does, from 6
// on. [Results.Watch] and [Results.Join] wait for given tasks on every engine.
func (r *Results) Follow(ctx context.Context, prefix string) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		err := r.follow(ctx, prefix, func(c Change) bool { return yield(c, nil) })
		if err != nil && !errors.Is(err, errStop) {
			yield(Change{}, r.fail("follow", "", err))
		}
	}
}

func (r *Results) follow(ctx context.Context, prefix string, yield func(Change) bool) error {
	store, err := r.b.store(ctx)
	if err != nil {
		return err
	}
	watcher, ok := store.(driver.Watcher)
	if !ok {
		return fmt.Errorf("%w: the engine does not tell of changes", errors.ErrUnsupported)
	}
	before := r.b.prefix + string(taskKey)
	q := &changes{cut: len(before), news: make(chan struct{}, 1), deaf: true}
	stop, err := watcher.Watch(ctx, before+prefix, q.told)
	if err != nil {
		return err
	}
	defer stop()
	closed := time.NewTicker(driver.AliveWithin / 4) // a watch of a store that was closed says nothing of it
	defer closed.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-closed.C:
			if _, err := r.b.store(ctx); err != nil {
				return err
			}
			continue
		case <-q.news:
		}
		if err := r.tellChanges(ctx, q, yield); err != nil {
			return err
		}
	}
}

// tellChanges yields what waits, and is errStop if no more is wanted.
func (r *Results) tellChanges(ctx context.Context, q *changes, yield func(Change) bool) error {
	ids, gap := q.take()
	if gap && !yield(Change{Gap: true}) {
		return errStop
	}
	for len(ids) > 0 {
		n := min(len(ids), walkKeys)
		for _, id := range ids[:n] {
			r.cache.forget(id) // who deletes it here may be anybody
		}
		metas, err := r.Results(ctx, ids[:n])
		var failed IDErrors
		if err != nil && !errors.As(err, &failed) {
			return err
		}
		for i, m := range metas {
			if !yield(Change{ID: ids[i], Meta: m, Err: failed[ids[i]]}) {
				return errStop
			}
		}
		ids = ids[n:]
	}
	return nil
}

// changes are the tasks that wait to be told of, each once. While it is told the engine waits, so that it only takes notes.
type changes struct {
	cut  int           // how much of a key stands before the id
	news chan struct{} // has room for one

	mu      sync.Mutex
	waiting map[string]struct{}
	order   []string
	gap     bool
	deaf    bool // between a Gap and the next Alive
}

func (q *changes) told(e driver.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case e.Kind == driver.Changed && len(e.Key) > q.cut:
		q.add(e.Key[q.cut:])
	case e.Kind == driver.Gap && !q.deaf:
		q.deaf = true
		q.missed()
	case e.Kind == driver.Alive && q.deaf:
		q.deaf = false
		q.missed()
	}
}

func (q *changes) add(id string) {
	if _, waits := q.waiting[id]; waits {
		return
	}
	if len(q.order) >= followRoom {
		q.missed()
		return
	}
	if q.waiting == nil {
		q.waiting = map[string]struct{}{}
	}
	q.waiting[id] = struct{}{}
	q.order = append(q.order, id)
	q.wake()
}

// missed makes a gap of all that waits.
func (q *changes) missed() {
	q.waiting, q.order, q.gap = nil, nil, true
	q.wake()
}

func (q *changes) wake() {
	select {
	case q.news <- struct{}{}:
	default: // is awake
	}
}

// take returns what waits, in the order in which it was told, behind the gap if there is one.
func (q *changes) take() (ids []string, gap bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	ids, gap = q.order, q.gap
	q.waiting, q.order, q.gap = nil, nil, false
	return ids, gap
}
