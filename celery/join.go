package celery

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Join yields what is stored of each task as soon as it is ready, in the order in which they finish; an id that is named twice,
// once. A task that cannot be read is yielded as a *[ReadError], which has its id, and the others go on. So is an id that cannot
// be, as its error. If ctx ends before all are ready that is yielded last, as an error that says how many are missing and wraps
// that of ctx.
//
//	for m, err := range results.Join(ctx, ids) {
//
// A failure of the task itself is no error here: see [Meta.Err].
func (r *Results) Join(ctx context.Context, ids []string) iter.Seq2[*Meta, error] {
	ids = distinct(ids)
	return func(yield func(*Meta, error) bool) {
		missing := len(ids)
		err := r.watch(ctx, ids, func(id string, m *Meta, err error) (bool, error) {
			if err == nil && !m.Status.Ready() {
				return false, nil
			}
			missing--
			if !yield(m, r.fail("join", id, err)) {
				return true, errStop
			}
			return true, nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, r.fail("join", "", fmt.Errorf("%d of %d tasks are not done: %w", missing, len(ids), err)))
		}
	}
}

// errStop ends a watch whose caller wants no more.
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
