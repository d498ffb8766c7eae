package celery

import (
	"fmt"
	"time"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
)

// encode is the bytes that the Celery of c writes for the same result.
func (m *Meta) encode(s serial.Serializer, c py.Compat) ([]byte, error) {
	fields, err := m.wire(s, c)
	if err != nil {
		return nil, err
	}
	return s.Join(fields, c)
}

// wire is the fields in Celery's order.
func (m *Meta) wire(s serial.Serializer, c py.Compat) (py.Fields, error) {
	var children, done any
	if m.Children != nil {
		children = tuples(m.Children)
	}
	if !m.DateDone.IsZero() {
		done = isoformat(m.DateDone, c)
	}
	w := fieldWriter{fields: make(py.Fields, 0, 6+len(m.Extra))}
	w.add(fieldStatus, string(m.Status))
	w.add(fieldResult, m.storable(s, c))
	w.add(fieldTraceback, noneIfEmpty(m.Traceback))
	w.add(fieldChildren, children)
	w.add(fieldDateDone, done)
	w.addText(fieldGroupID, m.GroupID)
	w.addText(fieldParentID, m.ParentID)
	if m.Extended {
		m.wireExtended(&w)
	}
	for _, f := range m.Extra {
		w.addExtra(f)
	}
	w.add(fieldTaskID, m.TaskID)
	return w.fields, w.err
}

// storable is the result; an instance that was read from a pickle, which only Python makes, as the exception
// that it is.
func (m *Meta) storable(s serial.Serializer, c py.Compat) py.Value {
	if !m.Status.Exception() {
		return m.Result
	}
	if _, ok := plain(m.Result).(*py.Instance); ok {
		if e := m.Exception(); e != nil {
			if v, err := e.wire(s, c); err == nil {
				return v
			}
		}
	}
	return m.Result
}

func (m *Meta) wireExtended(w *fieldWriter) {
	w.add(fieldName, noneIfEmpty(m.Name))
	w.add(fieldArgs, m.Args)
	w.add(fieldKwargs, m.Kwargs)
	w.add(fieldWorker, noneIfEmpty(m.Worker))
	w.add(fieldRetries, m.Retries)
	w.add(fieldQueue, noneIfEmpty(m.Queue))
}

// isoformat is a date_done: Celery 5.2 writes UTC and does not say so, later ones the application's time and
// its offset.
func isoformat(t time.Time, c py.Compat) string {
	if c == py.Celery52 {
		return py.NaiveOf(t.UTC()).String()
	}
	return py.DatetimeOf(t).String()
}

// fieldWriter collects fields, and the first error.
type fieldWriter struct {
	fields py.Fields
	err    error
}

func (w *fieldWriter) add(name string, v any) {
	val, err := py.Of(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.fields = append(w.fields, py.Field{Name: name, Value: val})
}

func (w *fieldWriter) addText(name, text string) {
	if text != "" {
		w.add(name, text)
	}
}

// addExtra refuses a name that would hide one of the result's own fields.
func (w *fieldWriter) addExtra(f py.Field) {
	if metaReaderOf(f.Name, 0) >= 0 && w.err == nil {
		w.err = fmt.Errorf("%w: an extra field %q, which is a field of the result itself", py.ErrUnencodable, f.Name)
	}
	w.fields = append(w.fields, f)
}
