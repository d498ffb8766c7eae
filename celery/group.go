package celery

import (
	"context"
	"errors"

	"github.com/larder-go/larder/celery/py"
)

// SaveGroup stores which tasks a group has, under its id, for as long as results live: GroupResult.save(). It
// replaces what was saved before. A group that is a chord's header is prepared by [Results.StartChord].
func (r *Results) SaveGroup(ctx context.Context, group Node) error {
	key, err := r.key(groupKey, group.ID)
	var value []byte
	if err == nil {
		value, err = r.groupValue(group)
	}
	if err == nil {
		err = r.b.Set(ctx, key, value)
	}
	return r.fail("save group", group.ID, err)
}

func (r *Results) groupValue(group Node) ([]byte, error) {
	node, err := py.Of(group.tuple())
	if err != nil {
		return nil, err
	}
	return r.serial.Join(py.Fields{{Name: fieldResult, Value: node}}, r.compat)
}

// RestoreGroup returns the group that was saved under an id, and whether there is one. The id inside is the
// one that was saved, even if it is another. A task may be saved in place of a group.
func (r *Results) RestoreGroup(ctx context.Context, id string) (group Node, found bool, err error) {
	group, found, err = r.restoreGroup(ctx, id)
	return group, found, r.fail("restore group", id, err)
}

func (r *Results) restoreGroup(ctx context.Context, id string) (Node, bool, error) {
	key, err := r.key(groupKey, id)
	if err != nil {
		return Node{}, false, err
	}
	raw, err := r.b.Get(ctx, key)
	switch {
	case errors.Is(err, ErrForeign):
		return Node{}, false, &ReadError{ID: id, Err: causeOf(err)}
	case err != nil && !errors.Is(err, ErrMiss):
		return Node{}, false, err
	case len(raw) == 0: // a miss too
		return Node{}, false, nil
	}
	group, err := r.readGroup(raw)
	if err != nil {
		return Node{}, false, &ReadError{ID: id, Raw: raw, Err: err}
	}
	return group, true, nil
}

func (r *Results) readGroup(raw []byte) (Node, error) {
	if r.accept != nil {
		return Node{}, r.accept
	}
	fields, err := r.serial.Fields(raw)
	if err != nil {
		return Node{}, err
	}
	v, found := fields.Get(fieldResult)
	if !found {
		return Node{}, malformed("no %s", fieldResult)
	}
	return NodeOf(v)
}

// DeleteGroup deletes what was saved of a group. The results of its tasks stay. It is no error if nothing was.
func (r *Results) DeleteGroup(ctx context.Context, id string) error {
	key, err := r.key(groupKey, id)
	if err == nil {
		_, err = r.b.Delete(ctx, key)
	}
	return r.fail("delete group", id, err)
}
