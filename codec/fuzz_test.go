package codec_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/larder-go/larder/codec"
)

// FuzzJSON compares with encoding/json: what that takes, we take with the same result, and what we take beyond that has
// bare NaN or Infinity in it.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`null`, `{"a":[1,NaN,{"b":-Infinity}],"c":"NaN"}`, `[Infinity]`, `"\ud800"`, `1e400`, `{"X":1,"x":2}`, `[[[]]]`, `NaN5`, `{"a":NaN,"a":1}`,
		`-0`, ` 1 `, `"\\"`, `{"F":[NaN],"M":{"":NaN},"P":NaN,"A":NaN,"R":[NaN]}`,
	} {
		f.Add([]byte(s))
	}
	type target struct {
		F []float64
		M map[string]float32
		P *float64
		A any
		R json.RawMessage
		I int
		S string
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		sameAsStdlib[any](t, data, true)
		sameAsStdlib[target](t, data, true)
		sameAsStdlib[float64](t, data, false)
		sameAsStdlib[[]string](t, data, false)
		if !bytes.Equal(data, before) {
			t.Error("the data was changed")
		}
		if json.Valid(data) && !codec.Valid(data) {
			t.Errorf("Valid refuses %q", data)
		}
		var raw json.RawMessage
		err := codec.JSON.Unmarshal(data, &raw)
		if (err == nil) != codec.Valid(data) || (err == nil && !bytes.Equal(raw, data)) {
			t.Errorf("raw: %q, %v; valid: %v", raw, err, codec.Valid(data))
		}
	})
}

func sameAsStdlib[V any](t *testing.T, data []byte, numbers bool) {
	t.Helper()
	var ours, theirs V
	err := codec.JSON.Unmarshal(data, &ours)
	theirErr := stdlib(data, &theirs, numbers)
	switch {
	case theirErr == nil && err != nil:
		t.Errorf("%T: encoding/json takes %q, we do not: %v", ours, data, err)
	case theirErr == nil && !reflect.DeepEqual(ours, theirs):
		t.Errorf("%T: %q is %#v; encoding/json says %#v", ours, data, ours, theirs)
	case theirErr != nil && err == nil && !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")):
		t.Errorf("%T: we take %q as %#v; encoding/json does not: %v", ours, data, ours, theirErr)
	}
	if err == nil && theirErr == nil {
		again(t, ours)
	}
}

// again writes and reads once more.
func again[V any](t *testing.T, v V) {
	t.Helper()
	data, err := codec.JSON.Marshal(&v)
	if err != nil {
		t.Errorf("%#v was read and cannot be written: %v", v, err)
		return
	}
	var back V
	if err := codec.JSON.Unmarshal(data, &back); err != nil {
		t.Errorf("%s was written and cannot be read: %v", data, err)
	}
}

func stdlib(data []byte, v any, numbers bool) error {
	if !json.Valid(data) {
		return json.Unmarshal(data, v)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if numbers {
		dec.UseNumber()
	}
	return dec.Decode(v)
}

// FuzzZstd: foreign data is an error or a value within the limit, and what is written is read.
func FuzzZstd(f *testing.F) {
	f.Add([]byte("plain"))
	f.Add(frame(f, []byte("packed")))
	f.Add(frame(f, make([]byte, limit+1)))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Fuzz(func(t *testing.T, data []byte) {
		var v []byte
		if err := packedRaw.Unmarshal(data, &v); err == nil && len(v) > max(limit, len(data)) {
			t.Errorf("%d bytes out of %d", len(v), len(data))
		}
		if len(data) > limit {
			return
		}
		stored, err := packedRaw.Marshal(&data)
		if err != nil {
			t.Fatal(err)
		}
		if err := packedRaw.Unmarshal(stored, &v); err != nil || !bytes.Equal(v, data) {
			t.Errorf("%q comes back as %q, %v", data, v, err)
		}
	})
}
