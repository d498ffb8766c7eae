package serial

import (
	"errors"

	"github.com/larder-go/larder/celery/py"
)

type msgpackSerializer struct{}

func (msgpackSerializer) Name() string { return "msgpack" }

func (msgpackSerializer) Text() bool { return false }

func (msgpackSerializer) Encode(v py.Value, c py.Compat) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

func (msgpackSerializer) Decode(data []byte) (py.Value, error) {
	return py.Value{}, errors.ErrUnsupported
}

func (s msgpackSerializer) Fields(data []byte) (Fields, error) {
	v, err := s.Decode(data)
	return split("msgpack", v, err)
}

func (s msgpackSerializer) Join(fields Fields, c py.Compat) ([]byte, error) {
	v, err := joined(fields)
	if err != nil {
		return nil, err
	}
	return s.Encode(v, c)
}
