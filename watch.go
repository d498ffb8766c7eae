package larder

import (
	"context"
	"errors"
	"iter"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/changes"
)

// Change is what Watch yields.
type Change struct {
	// Key is that of an entry which was written, deleted, evicted or has expired, without what stands before it.
	Key string
	// Gap tells, in place of a key, that changes may have been missed up to now: all that was known of any key is worth
	// nothing.
	Gap bool
}

// watchRoom bounds the changes that wait for a consumer.
var watchRoom = changes.Bounds{Keys: 4096, Bytes: 1 << 20}

// Watch yields the keys of this view, without its prefix, whose entries change from now on, whoever changes them: this program,
// other processes, other programs, expiry and eviction. A change may be told late (some milliseconds as a rule), more than
// once, and without having taken place; never not at all, unless a Gap is:
//
//	for change, err := range users.Watch(ctx) {
//		switch {
//		case err != nil:
//			return err
//		case change.Gap:
//			mine.forgetAll()
//		default:
//			mine.forget(change.Key)
//		}
//	}
//
// The first change is a Gap: from there on everything is told. More of them come when everything was removed at once, when the
// connection is lost, and again when there is a new one, so that what was read in between is forgotten too; and when
// more changes wait than there is room for, because the loop is too slow. It never holds up the engine.
//
// An error is yielded once, and ends the walk: that of ctx, ErrClosed, or errors.ErrUnsupported where the engine cannot tell
// (memory, sqlite, and servers without CLIENT TRACKING). A lost connection is no error. Breaking the loop ends the watch.
func (v *view) Watch(ctx context.Context, opts ...CallOption) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		call, err := v.resolve(opts)
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = v.cache.follow(ctx, call.prefix, func(ch Change) bool { return yield(ch, nil) })
		}
		if err != nil {
			yield(Change{}, v.failAll("watch", err))
		}
	}
}

// Watch yields the keys of this key prefix and version, without them, whose entries change; with layout=bare, of all.
// Otherwise as the Watch of a view.
func (c *Cache) Watch(ctx context.Context, opts ...CallOption) iter.Seq2[Change, error] {
	return c.root.Watch(ctx, opts...)
}

// follow hands over changes until the consumer says false, which is no error.
func (c *Cache) follow(ctx context.Context, prefix string, consume func(Change) bool) error {
	q := changes.New(len(prefix), watchRoom)
	stop, err := c.engine.watch(ctx, prefix, q.Tell)
	if err != nil {
		return err
	}
	defer stop()
	for ctx.Err() == nil {
		if !hand(q, consume) {
			return nil
		}
		if err := c.awaitChange(ctx, q); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// hand hands over what waits, and tells whether more is wanted.
func hand(q *changes.Queue, consume func(Change) bool) bool {
	keys, gap := q.Take()
	if gap && !consume(Change{Gap: true}) {
		return false
	}
	for _, key := range keys {
		if !consume(Change{Key: key}) {
			return false
		}
	}
	return true
}

func (c *Cache) awaitChange(ctx context.Context, q *changes.Queue) error {
	select {
	case <-q.News():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closed:
		return ErrClosed
	}
}

// watch tells of the changes of keys that begin with prefix. It has no fallback: to look again and again would miss changes.
func (e *engine) watch(ctx context.Context, prefix string, tell func(driver.Event)) (stop func(), err error) {
	if e.watcher == nil {
		return nil, errors.ErrUnsupported
	}
	return e.watcher.Watch(ctx, prefix, tell)
}
