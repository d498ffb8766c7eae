package serial

import "github.com/larder-go/larder/celery/py"

// jsonSerializer is Celery's default.
type jsonSerializer struct{}

func (jsonSerializer) Name() string { return "json" }

func (jsonSerializer) Text() bool { return true }

// Encode copies the text of a value that came from JSON.
func (jsonSerializer) Encode(v py.Value, c py.Compat) ([]byte, error) { return v.AppendJSON(nil, c) }

func (jsonSerializer) Decode(data []byte, c py.Compat) (py.Value, error) { return py.FromJSONAs(data, c) }

// Fields looks at each byte once and builds nothing but the list of fields.
func (jsonSerializer) Fields(data []byte, c py.Compat) (Fields, error) { return py.FieldsFromJSON(data, c) }

func (jsonSerializer) Join(fields Fields, c py.Compat) ([]byte, error) {
	b := make([]byte, 0, 256)
	b = append(b, '{')
	var err error
	for i, f := range fields {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(py.AppendJSONString(b, f.Name), ": "...)
		if b, err = f.Value.AppendJSON(b, c); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}
