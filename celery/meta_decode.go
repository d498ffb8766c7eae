package celery

import (
	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
)

// decodeMeta reads what is stored under a task's id. It wants what Celery's own reader wants: a dict with a status; a result, if the
// task is ready; an exception as the result of a task that has failed; children, if there are any, that are result tuples. Fields may come in any order, and
// may be missing otherwise. A date that is none is no error, as for Celery as long as nobody asks for it.
//
// An error is a *ReadError.
func decodeMeta(s serial.Serializer, id string, raw []byte) (*Meta, error) {
	m := &Meta{TaskID: id, Raw: raw}
	if err := m.decode(s, raw); err != nil {
		return nil, &ReadError{ID: id, Raw: raw, Err: err}
	}
	return m, nil
}

func (m *Meta) decode(s serial.Serializer, raw []byte) (err error) {
	if m.fields, err = s.Fields(raw); err != nil {
		return err
	}
	found := false // the field result
	for _, f := range m.fields {
		read, known := metaReaders[f.Name]
		switch {
		case !known:
			m.Extra = append(m.Extra, f)
		default:
			if err := read(m, f.Value); err != nil {
				return err
			}
		}
		found = found || f.Name == fieldResult
	}
	return m.check(found)
}

// check looks at what cannot be told of one field alone.
func (m *Meta) check(hasResult bool) (err error) {
	switch {
	case m.Status == "":
		return malformed("no %s", fieldStatus)
	case !hasResult && m.Status.Exception(), !hasResult && m.Status.Ready():
		return malformed("no %s in the state %s", fieldResult, m.Status)
	case m.Status.Exception():
		m.exception, err = exceptionOf(m.Result, m.Traceback)
	}
	return err
}

// metaReaders put a field's value where it belongs.
var metaReaders = map[string]func(m *Meta, v py.Value) error{
	fieldStatus:    readStatus,
	fieldResult:    func(m *Meta, v py.Value) error { m.Result = v; return nil },
	fieldTraceback: readTraceback,
	fieldChildren:  readChildren,
	fieldDateDone:  readDate,
	fieldGroupID:   func(m *Meta, v py.Value) error { m.GroupID = textOr(v, ""); return nil },
	fieldParentID:  func(m *Meta, v py.Value) error { m.ParentID = textOr(v, ""); return nil },
	fieldTaskID:    func(m *Meta, v py.Value) error { m.TaskID = textOr(v, m.TaskID); return nil },
	fieldName:      func(m *Meta, v py.Value) error { m.Extended, m.Name = true, textOr(v, ""); return nil },
	fieldArgs:      func(m *Meta, v py.Value) error { m.Extended, m.Args = true, v; return nil },
	fieldKwargs:    func(m *Meta, v py.Value) error { m.Extended, m.Kwargs = true, v; return nil },
	fieldWorker:    func(m *Meta, v py.Value) error { m.Extended, m.Worker = true, textOr(v, ""); return nil },
	fieldQueue:     func(m *Meta, v py.Value) error { m.Extended, m.Queue = true, textOr(v, ""); return nil },
	fieldRetries:   readRetries,
}

func readStatus(m *Meta, v py.Value) error {
	status := textOr(v, "")
	if status == "" {
		return malformed("the %s is %s", fieldStatus, brief(v))
	}
	m.Status = State(status)
	return nil
}

func readTraceback(m *Meta, v py.Value) error {
	if !v.IsNone() {
		m.Traceback = str(v)
	}
	return nil
}

func readChildren(m *Meta, v py.Value) error {
	if v.IsNone() {
		return nil
	}
	tree, err := v.Any()
	if err != nil {
		return err
	}
	if _, ok := sequence(tree); !ok && falsy(tree) {
		return nil
	}
	m.Children, err = nodesOf(tree)
	return err
}

// readDate takes what Celery writes: ISO 8601, or a datetime that the serializer has a form for.
func readDate(m *Meta, v py.Value) error {
	switch d := plain(v).(type) {
	case string:
		if at, err := py.ParseDatetime(d); err == nil {
			m.DateDone = at.Time()
		}
	case py.Datetime:
		m.DateDone = d.Time()
	}
	return nil
}

func readRetries(m *Meta, v py.Value) error {
	m.Extended = true
	if n, ok := plain(v).(int64); ok {
		m.Retries = int(n)
	}
	return nil
}

func textOr(v py.Value, otherwise string) string {
	if text, ok := plain(v).(string); ok {
		return text
	}
	return otherwise
}
