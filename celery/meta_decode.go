package celery

import (
	"errors"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
)

// decodeMeta reads what is stored under a task's id. It wants what Celery's own reader wants: a dict with a
// status; a result, if the task is ready; an exception as the result of a task that has failed; children, if
// there are any, that are result tuples. Fields may come in any order, and may be missing otherwise. A date
// that is none is no error, as for Celery as long as nobody asks for it.
//
// An error is a *ReadError.
func decodeMeta(s serial.Serializer, id string, raw content) (*Meta, error) {
	m := &Meta{TaskID: id, raw: raw, reader: s}
	err := m.decode(raw.read(s))
	if errors.Is(err, errRepeated) {
		*m = Meta{TaskID: id, raw: raw, reader: s}
		err = m.decode(py.ReadList(s.Fields(raw.copied())))
	}
	if err != nil {
		return nil, &ReadError{ID: id, Raw: raw.copied(), Err: err}
	}
	return m, nil
}

func (m *Meta) decode(fields py.FieldReader) error {
	d := metaDecoder{Meta: m}
	if err := d.takeAll(fields); err != nil {
		return err
	}
	return m.check(d.seen&(1<<resultReader) != 0)
}

// metaDecoder puts fields where they belong as they are read: no list of them is made, which would take half
// of the time.
type metaDecoder struct {
	*Meta
	at   int    // the reader of the next field, if they come in Celery's order
	seen uint32 // a bit for each reader that was called
	more fieldSet
}

// errRepeated ends the reading of what has two fields of one name. The later one counts, and the one before
// it may be wrong.
var errRepeated = errors.New("a field stands there twice")

func (d *metaDecoder) takeAll(fields py.FieldReader) error {
	for name, v, ok := fields.Next(); ok; name, v, ok = fields.Next() {
		if err := d.take(name, v); err != nil {
			return err
		}
	}
	return fields.Err()
}

func (d *metaDecoder) take(name string, v py.Value) error {
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
	return metaReaders[i].read(d.Meta, v)
}

// check looks at what cannot be told of one field alone.
func (m *Meta) check(hasResult bool) (err error) {
	switch {
	case m.Status == "":
		return malformed("no %s", fieldStatus)
	case !hasResult && m.Status.Exception(), !hasResult && m.Status.Ready():
		return malformed("no %s in the state %s", fieldResult, m.Status)
	case m.Status.Exception():
		err = checkException(m.Result)
	}
	return err
}

// metaReaders put a field's value where it belongs. They stand in the order in which Celery's own writers
// have the fields, those first that are always there, so that each is found at once.
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
		if s, ok := asText(v); ok {
			*field(m) = s
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
	status, _ := asText(v)
	if status == "" {
		return malformed("the %s is %s", fieldStatus, brief(v))
	}
	m.Status = State(status)
	return nil
}

// oddTraceback is how much is shown of a traceback that is no text, which no Celery writes, in bytes.
const oddTraceback = 64 << 10

func readTraceback(m *Meta, v py.Value) error {
	text, ok := asText(v)
	if !ok && !v.IsNone() {
		text = v.ReprLimit(oddTraceback)
	}
	m.Traceback = text
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

// asText is a text, or the text that stands for all of a value.
func asText(v py.Value) (text string, ok bool) {
	if text, ok = v.Text(); ok || v.IsNone() {
		return text, ok
	}
	return decodedText(v)
}

func decodedText(v py.Value) (text string, ok bool) {
	err := v.Decode(&text)
	return text, err == nil
}
