package celery

import (
	"context"
	"errors"
	"fmt"

	"github.com/larder-go/larder/celery/py"
)

// JoinGroup waits for all tasks of a group and returns their values in the group's order: GroupResult.get().
// The value of a group inside it is a list. The first task that fails, or that cannot be read, ends it: then
// the error is a *[JoinError], whose cause is the task's *[TaskError] or the *[ReadError].
func (r *Results) JoinGroup(ctx context.Context, group Node) ([]py.Value, error) {
	values := map[string]py.Value{}
	err := r.listen(ctx, distinct(group.Tasks()), func(id string, m *Meta, err error) (bool, error) {
		switch {
		case isRead(err):
			return true, &JoinError{ID: id, Err: err}
		case err != nil:
			return true, r.fail("join group", id, err)
		case m.Err() != nil:
			return true, &JoinError{ID: id, Err: m.Err()}
		case m.Status.Ready():
			values[id] = m.Result
		}
		return m.Status.Ready(), nil
	})
	if err != nil {
		return nil, r.fail("join group", group.ID, err)
	}
	nodes := group.Nodes
	if !group.Group {
		nodes = []Node{group}
	}
	list, err := arrange(nodes, values)
	return list, r.fail("join group", group.ID, err)
}

func isRead(err error) bool {
	var read *ReadError
	return errors.As(err, &read)
}

// JoinError says which task of a group has failed.
type JoinError struct {
	ID  string // of the task
	Err error
}

// Error reads: celery: task "42" of the group: ValueError: boom
func (e *JoinError) Error() string {
	return fmt.Sprintf("celery: task %.120q of the group: %v", e.ID, causeOf(e.Err))
}

// Unwrap returns the task's own error.
func (e *JoinError) Unwrap() error { return e.Err }

// arrange puts values in the order of the nodes.
func arrange(nodes []Node, values map[string]py.Value) ([]py.Value, error) {
	list := make([]py.Value, len(nodes))
	for i, n := range nodes {
		if !n.Group {
			list[i] = values[n.ID]
			continue
		}
		inner, err := arrange(n.Nodes, values)
		if err != nil {
			return nil, err
		}
		if list[i], err = py.Of(listOf(inner)); err != nil {
			return nil, err
		}
	}
	return list, nil
}
