package serial

import (
	"github.com/larder-go/larder/celery/internal/pytext"
	"github.com/larder-go/larder/celery/py"
)

// jsonSerializer is Celery's default.
type jsonSerializer struct{ reads py.Compat }

func (jsonSerializer) Name() string { return "json" }

// Encode copies the text of a value that came from JSON.
func (jsonSerializer) Encode(v py.Value, c py.Compat) ([]byte, error) { return v.AppendJSON(nil, c) }

func (s jsonSerializer) Decode(data []byte) (py.Value, error) { return py.FromJSONAs(data, s.reads) }

// Fields looks at each byte once and builds nothing but the list of fields.
func (s jsonSerializer) Fields(data []byte) (Fields, error) {
	r := py.ReadFields(string(data), s.reads)
	return r.All()
}

func (s jsonSerializer) Read(data []byte) py.FieldReader { return py.ReadFields(string(data), s.reads) }

func (s jsonSerializer) ReadText(text string) py.FieldReader { return py.ReadFields(text, s.reads) }

func (jsonSerializer) Join(fields Fields, c py.Compat) ([]byte, error) {
	b := make([]byte, 0, 256)
	b = append(b, '{')
	var err error
	for i, f := range fields {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(pytext.AppendQuoted(b, f.Name), ": "...)
		if b, err = f.Value.AppendJSON(b, c); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}
