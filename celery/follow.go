package celery

import (
	"context"
	"errors"
	"iter"

	"github.com/larder-go/larder/internal/changes"
)

// followRoom bounds the tasks that wait for a consumer.
var followRoom = changes.Bounds{Keys: 10_000, Bytes: 4 << 20}

// Follow yields each task whose id begins with prefix as something is stored of it, or deleted, whoever does
// so. It yields what is there when it is read: of changes that follow each other quickly the last one, and
// one change perhaps twice.
//
// The first Change is a Gap: from there on everything is told. More come when the connection is lost, when it
// is there again, and when the consumer is so slow that more than 10,000 tasks wait, or 4 MiB of their ids.
//
// An error is yielded once and ends it: that of ctx, ErrClosed, or errors.ErrUnsupported where the engine
// does not tell of changes. Redis does, from 6 on. [Results.Watch] and [Results.Join] wait for given tasks
// on every engine.
func (r *Results) Follow(ctx context.Context, prefix string) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		err := r.follow(ctx, prefix, func(c Change) bool { return yield(c, nil) })
		if err != nil && !errors.Is(err, errStop) {
			yield(Change{}, r.fail("follow", "", err))
		}
	}
}

func (r *Results) follow(ctx context.Context, prefix string, yield func(Change) bool) error {
	if err := r.b.ready(ctx); err != nil {
		return err
	}
	before := r.b.prefix + string(taskKey)
	q := changes.New(len(before), followRoom)
	stop, err := r.b.engine.watch(ctx, before+prefix, q.Tell)
	if err != nil {
		return err
	}
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.b.closed: // of which the engine's watch says nothing
			return ErrClosed
		case <-q.News():
		}
		if err := r.tellChanges(ctx, q, yield); err != nil {
			return err
		}
	}
}

// tellChanges yields what waits, and is errStop if no more is wanted.
func (r *Results) tellChanges(ctx context.Context, q *changes.Queue, yield func(Change) bool) error {
	ids, gap := q.Take()
	if gap && !yield(Change{Gap: true}) {
		return errStop
	}
	for len(ids) > 0 {
		n := min(len(ids), walkKeys)
		if err := r.tellChanged(ctx, ids[:n], yield); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// tellChanged yields what is stored of tasks that have changed; a gap if the connection is lost just then.
func (r *Results) tellChanged(ctx context.Context, ids []string, yield func(Change) bool) error {
	for _, id := range ids {
		r.cache.forget(id) // who deletes it here may be anybody
	}
	metas, err := r.Results(ctx, ids)
	var failed IDErrors
	switch {
	case err == nil, errors.As(err, &failed):
	case isConnectionFault(ctx, err):
		if !yield(Change{Gap: true}) {
			return errStop
		}
		return nil
	default:
		return err
	}
	for i, id := range ids {
		if id != "" && !yield(Change{ID: id, Meta: metas[i], Err: failed[id]}) { // of the key without an id nobody asks
			return errStop
		}
	}
	return nil
}
