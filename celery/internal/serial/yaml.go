package serial

import "github.com/larder-go/larder/celery/py"

// yamlSerializer reads as PyYAML's safe_load and writes as its safe_dump.
type yamlSerializer struct{}

func (yamlSerializer) Name() string { return "yaml" }

func (yamlSerializer) Encode(v py.Value, _ py.Compat) ([]byte, error) {
	w := newYAMLWriter()
	if err := w.node(v, place{root: true}, 0); err != nil {
		return nil, err
	}
	return w.finish(), nil
}

func (yamlSerializer) Decode(data []byte) (py.Value, error) {
	node, err := readYAML(data)
	if err != nil {
		return py.Value{}, err
	}
	return py.FromTree(node), nil
}

func (s yamlSerializer) Fields(data []byte) (Fields, error) {
	v, err := s.Decode(data)
	return split("yaml", v, err)
}

func (s yamlSerializer) Read(data []byte) py.FieldReader { return py.ReadList(s.Fields(data)) }

func (s yamlSerializer) ReadText(text string) py.FieldReader { return s.Read([]byte(text)) }

// Join sorts the fields, as safe_dump does with every dict.
func (s yamlSerializer) Join(fields Fields, c py.Compat) ([]byte, error) {
	d := py.NewDict()
	for _, f := range fields {
		d.Set(f.Name, f.Value)
	}
	return s.Encode(py.FromTree(d), c)
}
