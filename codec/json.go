package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"sync"
)

// JSON is plain JSON (RFC 8259) by the rules of encoding/json, readable by async-caches and Django, except
// that:
//   - < > & are written as they are;
//   - numbers in untyped values (any, map[string]any) come back as json.Number, so that integers beyond 2^53
//     survive;
//   - NaN, Infinity and -Infinity, as Python writes them, are read into floats and untyped values, and into
//     json.RawMessage as they stand; on writing they are an error that names the field's path;
//   - data behind the value is an error.
var JSON Codec = jsonCodec{}

type jsonCodec struct{}

func (jsonCodec) Name() string { return "json" }

func (jsonCodec) Marshal(v any) ([]byte, error) {
	w := jsonWriters.Get().(*jsonWriter)
	if err := w.encoder.Encode(v); err != nil {
		return nil, locate(v, err)
	}
	return w.done(), nil
}

// jsonWriter is an encoder and what it writes to: to make them, and to let the buffer grow, costs more than to copy the text.
type jsonWriter struct {
	buffer  bytes.Buffer
	encoder *json.Encoder
}

var jsonWriters = sync.Pool{New: func() any {
	w := &jsonWriter{}
	w.encoder = json.NewEncoder(&w.buffer)
	w.encoder.SetEscapeHTML(false)
	return w
}}

// done returns what was written. The writer is kept for another value, unless its buffer has become large: then that is the result.
func (w *jsonWriter) done() []byte {
	text := bytes.TrimSuffix(w.buffer.Bytes(), []byte("\n"))
	if w.buffer.Cap() > 64<<10 {
		return text
	}
	text = bytes.Clone(text)
	w.buffer.Reset()
	jsonWriters.Put(w)
	return text
}

func (jsonCodec) Unmarshal(data []byte, v any) error {
	if raw, ok := v.(*json.RawMessage); ok {
		return unmarshalRaw(data, raw)
	}
	err := decode(data, v)
	var syntax *json.SyntaxError
	if err == nil || !errors.As(err, &syntax) {
		return err
	}
	if found, err := decodeNonFinite(data, v); found {
		return err
	}
	return err
}

func unmarshalRaw(data []byte, raw *json.RawMessage) error {
	if !Valid(data) {
		var v json.RawMessage
		if err := json.Unmarshal(data, &v); err != nil {
			return err
		}
		return errors.New("not JSON")
	}
	*raw = append(json.RawMessage{}, data...)
	return nil
}

// Valid tells whether data is one JSON value, bare NaN, Infinity and -Infinity allowed.
func Valid(data []byte) bool {
	if json.Valid(data) {
		return true
	}
	sets := newStandIns(data)
	finite, found := sets[0].putIn(data)
	return found > 0 && json.Valid(finite)
}

// decode is json.Unmarshal, with json.Number where the type leaves the kind of a number open.
func decode(data []byte, v any) error {
	if !untyped(reflect.TypeOf(v).Elem()) {
		return json.Unmarshal(data, v)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("empty, not JSON")
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return json.Unmarshal(data, new(any)) // for its better error
		}
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data behind the JSON value")
	}
	return nil
}

// untypedTypes remembers which types have an interface somewhere inside.
var untypedTypes sync.Map // reflect.Type -> bool

func untyped(t reflect.Type) bool {
	if known, ok := untypedTypes.Load(t); ok {
		return known.(bool)
	}
	found := hasInterface(t, map[reflect.Type]bool{})
	untypedTypes.Store(t, found)
	return found
}

func hasInterface(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return hasInterface(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if hasInterface(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}
