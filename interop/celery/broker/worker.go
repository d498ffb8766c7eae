package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
)

// Task is a task that is written in Go. Its error may be a *celery.TaskError, to be raised in Python
// as what it names.
type Task func(ctx context.Context, m Message) (any, error)

// Worker runs the tasks of one queue, one after the other, as a Celery worker would: it stores what has
// become of them, starts what follows, and takes its part in chords.
type Worker struct {
	Name    string // "go@host"
	Queue   string
	Broker  *Broker
	Results *celery.Results
	Tasks   map[string]Task
}

// Run works until ctx ends, and returns nil then: after the task that it has received, which nobody else
// would do. What cannot be received, stored or sent ends it with that error.
func (w *Worker) Run(ctx context.Context) error {
	for {
		m, err := w.Broker.Receive(ctx, w.Queue)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.do(context.WithoutCancel(ctx), m); err != nil {
			return fmt.Errorf("task %s (%s): %w", m.ID, m.Task, err)
		}
	}
}

func (w *Worker) do(ctx context.Context, m Message) error {
	value, failure := w.call(ctx, m)
	if failure != nil {
		return w.failed(ctx, m, failure)
	}
	next, err := w.follow(ctx, m, value)
	if err != nil {
		return err
	}
	if err := w.Results.MarkDone(ctx, m.ID, value, w.request(m, next)); err != nil {
		return err
	}
	return w.part(ctx, m, celery.Success, value)
}

func (w *Worker) call(ctx context.Context, m Message) (py.Value, error) {
	task, known := w.Tasks[m.Task]
	if !known {
		return py.Value{}, celery.Exception("celery.exceptions", "NotRegistered", m.Task)
	}
	value, err := task(ctx, m)
	if err != nil {
		return py.Value{}, err
	}
	return py.Of(value)
}

// follow starts what the task is followed by, which are its children.
func (w *Worker) follow(ctx context.Context, m Message, value py.Value) (children []celery.Node, err error) {
	children = []celery.Node{}
	for _, s := range m.Embed.Callbacks {
		id, err := w.start(ctx, m, s, value, nil)
		if err != nil {
			return children, err
		}
		children = append(children, celery.Task(id))
	}
	if last := len(m.Embed.Chain) - 1; last >= 0 {
		id, err := w.start(ctx, m, m.Embed.Chain[last], value, m.Embed.Chain[:last])
		if err != nil {
			return children, err
		}
		children = append(children, celery.Task(id))
	}
	return children, nil
}

// start sends the message of a signature.
func (w *Worker) start(ctx context.Context, before Message, s Signature, value py.Value, chain []Signature) (id string, err error) {
	m, queue, err := s.Message(before, value)
	if err != nil {
		return "", err
	}
	m.Embed.Chain = chain
	return m.ID, w.Broker.Publish(ctx, queue, m)
}

// failed stores a failure, also for what would have followed in the chain, whose end may be a part of a chord.
func (w *Worker) failed(ctx context.Context, m Message, why error) error {
	err := w.fails(ctx, m, why, w.request(m, []celery.Node{}))
	for _, s := range m.Embed.Chain {
		o := s.Options
		never := Message{ID: o.TaskID, GroupID: o.GroupID, GroupIndex: o.GroupIndex, Embed: Embed{Chord: o.Chord}}
		err = errors.Join(err, w.fails(ctx, never, why, nil))
	}
	return err
}

func (w *Worker) fails(ctx context.Context, m Message, why error, req *celery.Request) error {
	if err := w.Results.MarkFailed(ctx, m.ID, why, req); err != nil {
		return err
	}
	return errors.Join(w.part(ctx, m, celery.Failure, why), w.errbacks(ctx, m, m.Embed.Errbacks))
}

// errbacks starts those of a task that has failed, each with the id of that task, after the failure was
// stored. An errback that takes (request, exc, traceback) is no message: a Python worker that has seen the
// failure calls it, and Go cannot.
func (w *Worker) errbacks(ctx context.Context, failed Message, errbacks []Signature) error {
	id, err := py.Of(failed.ID)
	for _, s := range errbacks {
		_, notSent := w.start(ctx, failed, s, id, nil)
		err = errors.Join(err, notSent)
	}
	return err
}

// part reports that a part of a chord is done. If it was the last one, the chord's body is started here.
func (w *Worker) part(ctx context.Context, m Message, state celery.State, result any) error {
	body := m.Embed.Chord
	if body == nil {
		return nil
	}
	part := celery.Part{GroupID: m.GroupID, TaskID: m.ID, Index: -1, State: state, Result: result}
	if m.GroupIndex != nil {
		part.Index = *m.GroupIndex
	}
	if body.ChordSize != nil {
		part.Size = *body.ChordSize
	}
	chord, err := w.Results.ChordPart(ctx, part)
	if err != nil || chord == nil {
		return err
	}
	return w.startBody(ctx, m, *body, chord)
}

func (w *Worker) startBody(ctx context.Context, m Message, body Signature, chord *celery.Chord) error {
	if chord.Err != nil {
		return w.bodyFails(ctx, body, chord.Err)
	}
	results, err := py.Of(chord.Results)
	if err == nil {
		_, err = w.start(ctx, m, body, results, nil)
	}
	if err != nil {
		err = errors.Join(err, w.bodyFails(ctx, body, chord.CallbackError(err)))
	}
	return errors.Join(err, chord.Started(ctx))
}

// bodyFails stores that a body was not started, and starts its errbacks (link_error).
func (w *Worker) bodyFails(ctx context.Context, body Signature, why error) error {
	o := body.Options
	if err := w.Results.MarkFailed(ctx, o.TaskID, why, nil); err != nil {
		return err
	}
	return w.errbacks(ctx, Message{ID: o.TaskID}, o.LinkError)
}

// request is what is stored beside the result.
func (w *Worker) request(m Message, children []celery.Node) *celery.Request {
	return &celery.Request{
		GroupID: m.GroupID, ParentID: m.ParentID, Children: children,
		Name: m.Task, Args: append([]py.Value{}, m.Args...), Kwargs: m.Kwargs, Worker: w.Name, Retries: m.Retries, Queue: w.Queue,
	}
}
