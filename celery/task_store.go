package celery

import (
	"context"
	"errors"
	"time"

	"github.com/larder-go/larder/celery/internal/keystore"
	"github.com/larder-go/larder/celery/py"
)

// Request is what a worker knows of the task that it runs. Without one (nil) a result is stored that says
// nothing of its children.
type Request struct {
	// GroupID is the group or chord that the task is a part of.
	GroupID string
	// ParentID is the task that has started this one; of a task that was retried, the task itself.
	ParentID string
	// Children are the tasks and groups that the task has started.
	Children []Node

	// What follows is stored with result_extended only.

	Name    string // of the task: "shop.tasks.charge"
	Args    any    // a list
	Kwargs  any    // a dict
	Worker  string // "celery@host"
	Retries int
	Queue   string
	// Stamps are values that the task was stamped with. Celery 5.2 knows none.
	Stamps py.Fields
}

// Store stores a task's state and result, tells all who wait for it, and returns true; or false if the task
// is SUCCESS already: that is never replaced, also not by another SUCCESS, whichever of Celery's serializers
// has written it. Both in one step: nobody's SUCCESS is lost to a race, and a program that dies in between
// leaves nobody waiting. Anything else that is there is replaced, whether it can be read or not.
//
// result becomes what [py.Of] makes of it; a Node becomes a result tuple. In the states FAILURE, REVOKED and
// RETRY it has to be an error, nil, or an exception as Celery stores it, which every reader would choke on
// otherwise. A [TaskError] in an error's chain is stored as it is, with its traceback; any other error as the
// RuntimeError, or after a deadline the TimeoutError, that Python then raises.
//
// A result that has no form in the serializer is py.ErrUnencodable, and nothing is stored. ErrTooLarge: the
// engine cannot hold it.
func (r *Results) Store(ctx context.Context, id string, state State, result any, req *Request) (bool, error) {
	m, err := r.metaFor(id, state, result)
	if err == nil {
		err = r.fill(m, req)
	}
	if err != nil {
		return false, r.fail("store", id, err)
	}
	return r.StoreMeta(ctx, m)
}

// StoreMeta is Store of a result that is complete, under m.TaskID: nothing is added but the date, if the
// state is one that has it and m has none. What m was read from is not looked at.
func (r *Results) StoreMeta(ctx context.Context, m *Meta) (bool, error) {
	stored, err := r.storeMeta(ctx, m)
	return stored, r.fail("store", m.TaskID, err)
}

func (r *Results) storeMeta(ctx context.Context, m *Meta) (bool, error) {
	key, err := r.key(taskKey, m.TaskID)
	if err != nil {
		return false, err
	}
	own := *m
	if own.Status.Ready() && own.DateDone.IsZero() {
		own.DateDone = time.Now().In(r.b.cfg.Location())
	}
	value, err := own.encode(r.serial, r.compat)
	if err != nil {
		return false, err
	}
	return r.put(ctx, key, value)
}

// put stores value unless SUCCESS is there. Where it is repeated because the connection failed
// (result_backend_always_retry), the SUCCESS that is there may be its own.
func (r *Results) put(ctx context.Context, key string, value []byte) (stored bool, err error) {
	if err = r.b.ready(ctx); err == nil {
		err = r.b.always(ctx, "store", func() error {
			stored, err = keystore.Put(ctx, r.b.engine.store, key, value, r.b.ttl, r.succeeded)
			return err
		})
	}
	if errors.Is(err, ErrForeign) {
		// What the engine can neither read nor replace in one step is no result, let alone SUCCESS.
		return true, r.b.Set(ctx, key, value)
	}
	return stored, err
}

// metaFor makes the meta of a result.
func (r *Results) metaFor(id string, state State, result any) (*Meta, error) {
	m := &Meta{TaskID: id, Status: state}
	if state == "" {
		return nil, errNoState
	}
	var err error
	switch v := result.(type) {
	case error:
		te := taskErrorOf(v)
		m.Traceback = te.Traceback
		m.Result, err = te.wire(r.serial, r.compat)
	case Node:
		m.Result, err = py.Of(v.tuple())
	default:
		m.Result, err = py.Of(v)
	}
	if err == nil && state.Exception() {
		_, err = exceptionOf(m.Result, "")
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

var errNoState = errors.New("a state has a name")

// fill adds what the request says.
func (r *Results) fill(m *Meta, req *Request) (err error) {
	if req == nil {
		return nil
	}
	m.GroupID, m.ParentID = req.GroupID, req.ParentID
	m.Children = req.Children
	if m.Children == nil {
		m.Children = []Node{}
	}
	if !r.b.cfg.ResultExtended {
		return nil
	}
	m.Extended = true
	m.Name, m.Worker, m.Retries, m.Queue = req.Name, req.Worker, req.Retries, req.Queue
	if m.Args, err = py.Of(req.Args); err != nil {
		return err
	}
	if m.Kwargs, err = py.Of(req.Kwargs); err != nil {
		return err
	}
	m.Extra, err = stamped(req.Stamps, r.compat)
	return err
}

// stamped is the stamps as fields of a result: their names, and each by its own.
func stamped(stamps py.Fields, c py.Compat) (py.Fields, error) {
	if len(stamps) == 0 || c == py.Celery52 {
		return nil, nil
	}
	names := make(py.List, len(stamps))
	for i, s := range stamps {
		names[i] = s.Name
	}
	headers, err := py.Of(names)
	return append(py.Fields{{Name: stampedHeaders, Value: headers}}, stamps...), err
}
