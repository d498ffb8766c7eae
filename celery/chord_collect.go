package celery

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/driver"
)

// The places of a collection's counters.
const (
	extraCount = 0 // of extraSuffix
	sizeCount  = 1 // of sizeSuffix
)

// startCollection stores the size of a chord, and its header if that is more than a list of tasks: then the
// results are to have its form.
func (r *Results) startCollection(ctx context.Context, header Node) error {
	for _, n := range header.Nodes {
		if !n.Group {
			continue
		}
		if err := r.SaveGroup(ctx, header); err != nil {
			return err
		}
		break
	}
	c, err := r.collection(header.ID)
	if err != nil {
		return err
	}
	return r.b.Set(ctx, c.Counts[sizeCount], strconv.AppendInt(nil, int64(len(header.Tasks())), 10))
}

// AddToChord says that a chord has one part more than it was started with: a task of its header has replaced
// itself by several. Only Redis has it, as in Celery; elsewhere it is errors.ErrUnsupported.
func (r *Results) AddToChord(ctx context.Context, groupID string) error {
	if r.collector == nil {
		return r.fail("add to chord", groupID, errors.ErrUnsupported)
	}
	c, err := r.collection(groupID)
	if err == nil {
		_, err = r.b.Incr(ctx, c.Counts[extraCount])
	}
	return r.fail("add to chord", groupID, err)
}

// collection names the keys of a chord on Redis.
func (r *Results) collection(groupID string) (driver.Collection, error) {
	key, err := r.key(groupKey, groupID)
	return driver.Collection{
		Members:  key + partsSuffix,
		Counts:   [2]string{extraCount: key + extraSuffix, sizeCount: key + sizeSuffix},
		Appended: r.b.cfg.ResultBackendTransportOptions.ChordUnordered,
	}, err
}

// collect reports a part to a collection.
func (r *Results) collect(ctx context.Context, p Part) (*Chord, error) {
	c, err := r.collection(p.GroupID)
	if err != nil {
		return nil, err
	}
	entry, err := r.entry(p)
	if err != nil {
		return nil, err
	}
	state, err := r.collector.Collect(ctx, c, p.position(), entry, r.b.ttl)
	if err != nil {
		return nil, err
	}
	size, known, err := sizeOf(state.Counts)
	switch {
	case err != nil:
		return nil, err
	case !known && p.Size > 0 && state.Members >= p.Size+size:
		return nil, ErrChordLost
	case !known || state.Members != size:
		return nil, nil
	}
	chord := &Chord{GroupID: p.GroupID, owner: r}
	chord.clean = func(ctx context.Context) error { return r.collector.Drop(ctx, c) }
	chord.join = func(ctx context.Context) ([]py.Value, error) { return r.joinCollected(ctx, c, p.GroupID) }
	return chord, nil
}

// entry is a part as it is collected: [1, id, state, result].
func (r *Results) entry(p Part) ([]byte, error) {
	m, err := r.metaFor(p.TaskID, p.State, p.Result)
	if err != nil {
		return nil, r.fail("chord part", p.TaskID, err)
	}
	v, err := py.Of(py.List{1, p.TaskID, string(p.State), m.Result})
	if err == nil {
		var data []byte
		if data, err = r.serial.Encode(v, r.compat); err == nil {
			return data, nil
		}
	}
	return nil, r.fail("chord part", p.TaskID, err)
}

// sizeOf is how many parts there will be. As long as nobody has said it is not known, and only those are
// counted that were added: Python says it just before it sends the last task of the header.
func sizeOf(counts [2][]byte) (size int, known bool, err error) {
	for _, count := range counts {
		if len(count) == 0 {
			continue
		}
		n, err := strconv.Atoi(string(count))
		if err != nil {
			return 0, false, malformed("the size of a chord: %v", err)
		}
		size += n
	}
	return size, len(counts[sizeCount]) > 0, nil
}

// joinCollected reads the results of a chord: from the tasks of its header if that was saved, else as they
// were collected. What was collected stays after a failure, as in Celery, until it expires.
func (r *Results) joinCollected(ctx context.Context, c driver.Collection, groupID string) ([]py.Value, error) {
	header, found, err := r.RestoreGroup(ctx, groupID)
	var values []py.Value
	switch {
	case err == nil && found:
		values, err = r.joinHeader(ctx, header)
	case err == nil:
		values, err = r.unpackAll(ctx, c)
	}
	var read *ReadError
	if errors.As(err, &read) {
		err = decodeError(read.Err)
	}
	var raised *TaskError
	switch {
	case !errors.As(err, &raised):
		return values, err
	case !errors.Is(raised, ErrChord):
		joined := chordError("Join error: %s", raised.Repr())
		joined.Traceback = raised.Traceback
		raised = joined
	}
	return nil, &chordFailure{err: raised}
}

// unpackAll reads the results that were collected. What Python would raise is a *TaskError.
func (r *Results) unpackAll(ctx context.Context, c driver.Collection) ([]py.Value, error) {
	members, err := r.collector.Members(ctx, c)
	if err != nil {
		return nil, err
	}
	values := make([]py.Value, len(members))
	for i, m := range members {
		if values[i], err = r.unpack(m); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// unpack is the value of a part, or why it has failed.
func (r *Results) unpack(entry []byte) (py.Value, error) {
	id, state, value, err := r.readPart(entry)
	if err != nil || !state.Exception() {
		return value, err
	}
	e, err := exceptionOf(value, "")
	switch {
	case err != nil:
		return value, Exception(builtins, "ValueError", err.Error())
	case !state.Propagate():
		return value, nil
	case e == nil:
		return value, chordError("Dependency %s raised None", id)
	}
	failed := chordError("Dependency %s raised %s", id, e.Repr())
	failed.Traceback = e.Error() + "\n"
	return value, failed
}

// readPart reads an entry.
func (r *Results) readPart(entry []byte) (id string, state State, value py.Value, err error) {
	if r.accept != nil {
		return "", "", value, Exception("kombu.exceptions", "ContentDisallowed", r.accept.Error())
	}
	v, err := r.serial.Decode(entry)
	if err != nil {
		return "", "", value, decodeError(err)
	}
	fields, err := v.Items()
	if err != nil {
		return "", "", value, Exception(builtins, "TypeError", "cannot unpack non-iterable object")
	}
	const want = 4
	switch n := len(fields); {
	case n < want:
		return "", "", value, Exception(builtins, "ValueError", fmt.Sprintf("not enough values to unpack (expected %d, got %d)", want, n))
	case n > want:
		return "", "", value, Exception(builtins, "ValueError", fmt.Sprintf("too many values to unpack (expected %d)", want))
	}
	return str(fields[1]), State(str(fields[2])), fields[3], nil
}
