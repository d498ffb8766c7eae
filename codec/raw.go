package codec

import "fmt"

// Raw stores the bytes of a []byte or a string as they are. It takes no other type.
var Raw Codec = raw{}

type raw struct{}

func (raw) Name() string { return "raw" }

func (raw) Marshal(v any) ([]byte, error) {
	switch p := v.(type) {
	case *[]byte:
		return append([]byte{}, *p...), nil
	case *string:
		return []byte(*p), nil
	}
	return nil, rawType(v)
}

func (raw) Unmarshal(data []byte, v any) error {
	switch p := v.(type) {
	case *[]byte:
		*p = append([]byte{}, data...)
	case *string:
		*p = string(data)
	default:
		return rawType(v)
	}
	return nil
}

func rawType(v any) error {
	return fmt.Errorf("codec raw takes []byte and string, not %s", pointee(v))
}

// pointee names the type that v points to.
func pointee(v any) string { return fmt.Sprintf("%T", v)[1:] }
