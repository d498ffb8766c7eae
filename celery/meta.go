package celery

import (
	"time"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
)

// Meta is what is stored of a task: Celery's result meta.
type Meta struct {
	// TaskID is the task's id as it is stored, or if none is stored the one that was asked for.
	TaskID string
	// Status is the task's state. It is PENDING for a task of which nothing is known; Known tells whether it
	// was stored.
	Status State
	// Result is what the task has returned; in the states FAILURE, REVOKED and RETRY its exception as it is
	// stored (Exception reads it); in other states what is known of its progress.
	Result py.Value
	// Traceback is Python's text, or empty.
	Traceback string
	// Children are the tasks and groups that the task has started. It is nil where nothing is known of them.
	Children []Node
	// DateDone is when the task was ready, in the time zone that it was stored with; UTC if none was. It is
	// zero if the task is not ready, or what is stored is no date.
	DateDone time.Time
	// GroupID is the group or chord that the task is a part of, or empty.
	GroupID string
	// ParentID is the task that has started this one, or empty. A task that was retried is its own parent.
	ParentID string

	// Extended tells whether the six fields that follow are stored (result_extended).
	Extended bool
	Name     string   // of the task: "shop.tasks.charge"
	Args     py.Value // a list
	Kwargs   py.Value // a dict
	Worker   string   // "celery@host"
	Retries  int
	Queue    string

	// Extra are the fields that have no other place: stamps, and what other programs have added. They are
	// stored with the others.
	Extra py.Fields

	raw    content
	reader serial.Serializer // of raw
}

// Known tells whether anything was stored of the task: Celery shows a task that it knows nothing of as
// PENDING, too.
func (m *Meta) Known() bool { return m.raw.size() > 0 }

// Raw is a copy of the bytes that are stored; nil if nothing is.
func (m *Meta) Raw() []byte { return m.raw.copied() }

// Fields are all fields as they are stored, under their names on the wire, in their order. There are none in
// a Meta that was not read.
func (m *Meta) Fields() py.Fields {
	if m.reader == nil {
		return nil
	}
	fields, _ := m.reader.Fields(m.raw.copied()) // which have been read once
	return fields
}

// Exception is what the task has raised in the states FAILURE, REVOKED and RETRY, as Result and Traceback
// say; nil if nothing is stored of it. Each call makes one, which is the caller's own.
func (m *Meta) Exception() *TaskError {
	if !m.Status.Exception() {
		return nil
	}
	e, _ := exceptionOf(m.Result, m.Traceback) // which was checked when it was read
	return e
}

// Err is the task's failure as an error, or nil if it has not failed: a *[TaskError] in the states FAILURE
// and REVOKED. A failure of which nothing else is stored is the RuntimeError that Python raises then.
func (m *Meta) Err() error {
	if !m.Status.Propagate() {
		return nil
	}
	if e := m.Exception(); e != nil {
		return e
	}
	return Exception(builtins, "RuntimeError", "No active exception to reraise")
}

// Decode stores the task's value in dst, a pointer, by the rules of [py.Value.Decode]. The value of a task
// that has failed is Err. A task that is not ready has no value: that is ErrNotReady.
func (m *Meta) Decode(dst any) error {
	if err := m.Err(); err != nil {
		return err
	}
	if !m.Status.Ready() {
		return notReady(m)
	}
	return m.Result.Decode(dst)
}

// stampedHeaders is the field that names the stamps.
const stampedHeaders = "stamped_headers"

// Stamps are the values that the task was stamped with, by name.
func (m *Meta) Stamps() py.Fields {
	named, found := m.Extra.Get(stampedHeaders)
	if !found {
		return nil
	}
	names, err := named.Items()
	if err != nil {
		return nil
	}
	var all fieldSet
	return all.pick(m.Extra, names)
}
