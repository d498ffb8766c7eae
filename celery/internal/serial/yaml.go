package serial

import (
	"errors"

	"github.com/larder-go/larder/celery/py"
)

type yamlSerializer struct{}

func (yamlSerializer) Name() string { return "yaml" }

func (yamlSerializer) Text() bool { return true }

func (yamlSerializer) Encode(v py.Value, c py.Compat) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

func (yamlSerializer) Decode(data []byte) (py.Value, error) { return py.Value{}, errors.ErrUnsupported }

func (s yamlSerializer) Fields(data []byte) (Fields, error) {
	v, err := s.Decode(data)
	return split("yaml", v, err)
}

func (s yamlSerializer) Join(fields Fields, c py.Compat) ([]byte, error) {
	v, err := joined(fields)
	if err != nil {
		return nil, err
	}
	return s.Encode(v, c)
}
