package codec_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/larder-go/larder/codec"
)

func TestRaw(t *testing.T) {
	in := []byte("any\x00bytes\xff")
	data, err := codec.Raw.Marshal(&in)
	if err != nil || !bytes.Equal(data, in) {
		t.Fatalf("Marshal = %q, %v", data, err)
	}
	in[0] = 'X'
	var out []byte
	if err := codec.Raw.Unmarshal(data, &out); err != nil || string(out) != "any\x00bytes\xff" {
		t.Errorf("= %q, %v: the memory is shared with who set it", out, err)
	}
	out[0] = 'Y'
	if data[0] != 'a' {
		t.Error("the memory is shared with who gets it")
	}
	var text string
	if err := codec.Raw.Unmarshal(data, &text); err != nil || text != "any\x00bytes\xff" {
		t.Errorf("= %q, %v", text, err)
	}
}

func TestRawTakesNothingElse(t *testing.T) {
	for _, v := range []any{new(int), new(json.RawMessage), new(any), new([]string)} {
		if _, err := codec.Raw.Marshal(v); err == nil || !strings.Contains(err.Error(), "[]byte and string") {
			t.Errorf("Marshal(%T): %v", v, err)
		}
		if err := codec.Raw.Unmarshal([]byte("1"), v); err == nil {
			t.Errorf("Unmarshal into %T: no error", v)
		}
	}
}
