package celery

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Change is what [Results.Watch], [Results.Join] and [Results.Follow] yield: what is stored of a task now.
// The error that they yield next to it is the end of them; what is wrong with one task alone is its Err. It is
// of a task; larder.Change, of a cache, is of a key.
type Change struct {
	// ID is the task's, as it was asked for.
	ID string
	// Meta is what is stored; nil if Err says why that is not known. Follow also yields what is no longer
	// stored: PENDING, and not Known.
	Meta *Meta
	// Err is a *[ReadError] of what cannot be read, or an *[Error]: of an id that cannot be (ErrBadID,
	// ErrBadKey), in Follow also of one whose server cannot be asked. That the task has failed is no
	// Err: see [Meta.Err].
	Err error
	// Gap, which only Follow yields, tells in place of a task that changes may have been missed up to now.
	Gap bool
}

// Watch yields what is stored of each task, and whatever follows, until it is ready, and ends when all are;
// an id that is named twice counts once. Nothing is yielded while nothing is stored. States that follow each
// other faster than they are read are skipped, but never the last.
//
//	for change, err := range results.Watch(ctx, ids) {
//
// A Change with an Err is the last one of its task; the others go on. An error is yielded once and ends it:
// that of ctx, with how many tasks are not done, or ErrClosed.
func (r *Results) Watch(ctx context.Context, ids []string) iter.Seq2[Change, error] {
	return r.changes(ctx, "watch", ids, func(*Meta) bool { return true })
}

// Join yields what is stored of each task as soon as it is ready, in the order in which they finish. It is
// Watch of the last state alone, with the same Changes and errors.
func (r *Results) Join(ctx context.Context, ids []string) iter.Seq2[Change, error] {
	return r.changes(ctx, "join", ids, func(m *Meta) bool { return m.Status.Ready() })
}

// changes yields of each task, until it is ready, what is wanted.
func (r *Results) changes(ctx context.Context, op string, ids []string, wanted func(*Meta) bool) iter.Seq2[Change, error] {
	ids = distinct(ids)
	return func(yield func(Change, error) bool) {
		missing := len(ids)
		err := r.listen(ctx, ids, func(id string, m *Meta, err error) (bool, error) {
			done := err != nil || m.Status.Ready()
			if done {
				missing--
			}
			if (err != nil || wanted(m)) && !yield(Change{ID: id, Meta: m, Err: r.fail(op, id, err)}, nil) {
				return true, errStop
			}
			return done, nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(Change{}, r.fail(op, "", fmt.Errorf("%d of %d tasks are not done: %w", missing, len(ids), err)))
		}
	}
}

// errStop ends what yields to a caller who wants no more.
var errStop = errors.New("stopped")

// distinct is ids without repetitions.
func distinct(ids []string) []string {
	seen := make(map[string]struct{}, len(ids))
	once := make([]string, 0, len(ids))
	for _, id := range ids {
		if _, twice := seen[id]; !twice {
			seen[id] = struct{}{}
			once = append(once, id)
		}
	}
	return once
}
