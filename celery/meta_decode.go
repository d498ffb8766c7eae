package celery

import (
	"errors"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
)

// decodeMeta reads what is stored under a task's id. It wants what Celery's own reader wants: a dict with a status; a result, if
// the task is ready; an exception as the result of a task that has failed; children, if there are any, that are result tuples.
// Fields may come in any order, and may be missing otherwise. A date that is none is no error, as for Celery as long as nobody
// asks for it.
//
// An error is a *ReadError.
func decodeMeta(s serial.Serializer, id string, raw []byte) (*Meta, error) {
	d := metaDecoder{Meta: Meta{TaskID: id, Raw: raw, reader: s}}
	err := s.Visit(raw, &d)
	if errors.Is(err, errRepeated) {
		d = metaDecoder{Meta: Meta{TaskID: id, Raw: raw, reader: s}}
		err = d.fields(s, raw)
	}
	if err == nil {
		err = d.check(d.seen&(1<<resultReader) != 0)
	}
	if err != nil {
		return nil, &ReadError{ID: id, Raw: raw, Err: err}
	}
	return &d.Meta, nil
}

// metaDecoder puts fields where they belong as they are read: no list of them is made, which would take half of the time.
type metaDecoder struct {
	Meta
	at   int    // the reader of the next field, if they come in Celery's order
	seen uint32 // a bit for each reader that was called
	more fieldSet
}

// errRepeated ends the visit of what has two fields of one name. The later one counts, and the one before it may be wrong.
var errRepeated = errors.New("a field stands there twice")

// Visit takes a field.
func (d *metaDecoder) Visit(name string, v py.Value) error {
	i := metaReaderOf(name, d.at)
	if i < 0 {
		if _, repeated := d.more.get(d.Extra, name); repeated {
			return errRepeated
		}
		d.Extra = append(d.Extra, py.Field{Name: name, Value: v})
		return nil
	}
	if d.seen&(1<<i) != 0 {
		return errRepeated
	}
	d.at, d.seen = i+1, d.seen|(1<<i)
	return metaReaders[i].read(&d.Meta, v)
}

// fields is the way for repeated ones.
func (d *metaDecoder) fields(s serial.Serializer, raw []byte) error {
	fields, err := s.Fields(raw)
	for i := 0; err == nil && i < len(fields); i++ {
		err = d.Visit(fields[i].Name, fields[i].Value)
	}
	return err
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

// metaReaders put a field's value where it belongs. They stand in the order in which Celery's own writers have the fields, those
// first that are always there, so that each is found at once.
//
// resultReader is the place of the result's.
const resultReader = 1

var metaReaders = []struct {
	name string
	read metaReader
}{
	{fieldStatus, readStatus},
	{fieldResult, func(m *Meta, v py.Value) error { m.Result = v; return nil }},
	{fieldTraceback, readTraceback},
	{fieldChildren, readChildren},
	{fieldDateDone, readDate},
	{fieldTaskID, text(func(m *Meta) *string { return &m.TaskID })},
	{fieldGroupID, text(func(m *Meta) *string { return &m.GroupID })},
	{fieldParentID, text(func(m *Meta) *string { return &m.ParentID })},
	{fieldName, extended(text(func(m *Meta) *string { return &m.Name }))},
	{fieldArgs, extended(func(m *Meta, v py.Value) error { m.Args = v; return nil })},
	{fieldKwargs, extended(func(m *Meta, v py.Value) error { m.Kwargs = v; return nil })},
	{fieldWorker, extended(text(func(m *Meta) *string { return &m.Worker }))},
	{fieldRetries, extended(func(m *Meta, v py.Value) error { _ = v.Decode(&m.Retries); return nil })},
	{fieldQueue, extended(text(func(m *Meta) *string { return &m.Queue }))},
}

// metaReaderOf is the place of a field's reader, looked for from a place on and around; -1 if there is none.
func metaReaderOf(name string, from int) int {
	n := len(metaReaders)
	for i := range n {
		at := from + i
		if at >= n {
			at -= n
		}
		if metaReaders[at].name == name {
			return at
		}
	}
	return -1
}

type metaReader = func(m *Meta, v py.Value) error

// text reads a text. Anything else is left alone, as Celery leaves it alone.
func text(field func(m *Meta) *string) metaReader {
	return func(m *Meta, v py.Value) error {
		if !v.IsNone() {
			_ = v.Decode(field(m)) // what does not fit changes nothing
		}
		return nil
	}
}

func extended(read metaReader) metaReader {
	return func(m *Meta, v py.Value) error {
		m.Extended = true
		return read(m, v)
	}
}

func readStatus(m *Meta, v py.Value) error {
	if err := v.Decode((*string)(&m.Status)); err != nil || m.Status == "" {
		return malformed("the %s is %s", fieldStatus, brief(v))
	}
	return nil
}

// oddTraceback is how much is shown of a traceback that is no text, which no Celery writes, in bytes.
const oddTraceback = 64 << 10

func readTraceback(m *Meta, v py.Value) error {
	if !v.IsNone() && v.Decode(&m.Traceback) != nil {
		m.Traceback = v.ReprLimit(oddTraceback)
	}
	return nil
}

// readChildren takes what is false for Python for none.
func readChildren(m *Meta, v py.Value) error {
	if v.IsNone() {
		return nil
	}
	items, err := v.Items()
	if err != nil {
		tree, treeErr := v.Tree()
		if treeErr == nil && falsy(tree) {
			return nil
		}
		return malformed("%s: %v", fieldChildren, err)
	}
	m.Children = make([]Node, len(items))
	for i, item := range items {
		tree, err := item.Any()
		if err == nil {
			m.Children[i], err = nodeOf(tree)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
