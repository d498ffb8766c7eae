package celery

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/larder-go/larder/celery/py"
)

// startCounter makes the counter first, so that no part finds the group without it.
func (r *Results) startCounter(ctx context.Context, header Node) error {
	key, err := r.key(chordKey, header.ID)
	if err != nil {
		return err
	}
	if err := r.b.Set(ctx, key, []byte("0")); err != nil {
		return err
	}
	return r.SaveGroup(ctx, header)
}

// count reports a part to a counter.
func (r *Results) count(ctx context.Context, p Part) (*Chord, error) {
	key, err := r.key(chordKey, p.GroupID)
	if err != nil {
		return nil, err
	}
	header, found, err := r.RestoreGroup(ctx, p.GroupID)
	chord := &Chord{GroupID: p.GroupID, owner: r}
	var unreadable *ReadError
	switch {
	case errors.As(err, &unreadable):
		chord.Err = chordError("Cannot restore group: %s", decodeError(unreadable.Err).Repr())
		return chord, nil
	case err != nil:
		return nil, err
	case !found:
		chord.Err = chordError("GroupResult %s no longer exists", p.GroupID)
		return chord, nil
	}
	last, err := r.increase(ctx, key, p, header)
	if err != nil || !last {
		return nil, err
	}
	return r.countedChord(header, key), nil
}

// countedChord is a chord whose parts are done.
func (r *Results) countedChord(header Node, key string) *Chord {
	chord := &Chord{GroupID: header.ID, owner: r}
	chord.clean = func(ctx context.Context) error {
		group, counter := r.DeleteGroup(ctx, header.ID), r.deleteKey(ctx, key)
		return cmp.Or(group, counter)
	}
	chord.join = func(ctx context.Context) ([]py.Value, error) { return r.joinCounted(ctx, chord, header) }
	return chord
}

// increase tells whether this part is the last one. Until then the counter lives on with each part.
func (r *Results) increase(ctx context.Context, key string, p Part, header Node) (bool, error) {
	n, err := r.b.Incr(ctx, key)
	if errors.Is(err, ErrMiss) {
		return false, ErrChordLost
	}
	size := int64(p.Size)
	if size <= 0 {
		size = int64(len(header.Nodes))
	}
	var lost *lostCount
	if errors.As(err, &lost) && lost.now == size { // all are counted, so this one is, too
		n, err = lost.sum, nil
	}
	switch {
	case err != nil:
		return false, err
	case n > size:
		r.b.logger.WarnContext(ctx, "celery: a part of a chord was reported too often", "group", p.GroupID, "parts", n, "size", size)
	case n < size:
		if _, err := r.b.Expire(ctx, key, int(r.b.ttl/time.Second)); err != nil { // the part is counted all the same
			r.b.logger.WarnContext(ctx, "celery: the counter of a chord keeps its lifetime", "group", p.GroupID, "error", err)
		}
	}
	return n == size, nil
}

// joinCounted reads the results of a chord that was counted. Where they are a failure all is deleted at
// once, as Celery does.
func (r *Results) joinCounted(ctx context.Context, chord *Chord, header Node) ([]py.Value, error) {
	values, err := r.joinHeader(ctx, header)
	var raised *TaskError
	if !errors.As(err, &raised) {
		return values, err
	}
	failure := chordError("%s", raised.Repr())
	failure.Traceback = raised.Traceback
	return nil, &chordFailure{err: failure, cleaned: chord.clean(ctx)}
}

func (r *Results) deleteKey(ctx context.Context, key string) error {
	_, err := r.b.Delete(ctx, key)
	return err
}
