package serial

import (
	"errors"

	"github.com/larder-go/larder/celery/py"
)

type pickleSerializer struct{}

func (pickleSerializer) Name() string { return "pickle" }

func (pickleSerializer) Text() bool { return false }

func (pickleSerializer) Encode(v py.Value, c py.Compat) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

func (pickleSerializer) Decode(data []byte) (py.Value, error) {
	return py.Value{}, errors.ErrUnsupported
}

func (s pickleSerializer) Fields(data []byte) (Fields, error) {
	v, err := s.Decode(data)
	return split("pickle", v, err)
}

func (s pickleSerializer) Join(fields Fields, c py.Compat) ([]byte, error) {
	v, err := joined(fields)
	if err != nil {
		return nil, err
	}
	return s.Encode(v, c)
}
