package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/larder-go/larder/codec"
)

// jsonSpace is the white space of JSON (RFC 8259, section 2).
const jsonSpace = " \t\r\n"

// jsonArg checks the JSON text of an argument and returns it as it will be stored: as given, without outer white
// space. what names it in the error.
func jsonArg(what, text string) ([]byte, error) {
	value := []byte(strings.Trim(text, jsonSpace))
	if err := checkJSON(value); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return value, nil
}

var (
	errEmpty     = errors.New("empty, not JSON")
	errNotUTF8   = errors.New("not JSON: not UTF-8")
	errNonFinite = errors.New("NaN and Infinity are not JSON: they can be read, but not written")
)

// checkJSON tells why a value may not be stored.
func checkJSON(value []byte) error {
	switch {
	case strictJSON(value):
		return nil
	case len(value) == 0:
		return errEmpty
	case !utf8.Valid(value):
		return errNotUTF8
	case codec.Valid(value):
		return errNonFinite
	}
	var v json.RawMessage
	err := json.Unmarshal(value, &v)
	if c := value[0]; c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' {
		return fmt.Errorf("not JSON: %w (a text has double quotes of its own: '\"…\"')", err)
	}
	return fmt.Errorf("not JSON: %w", err)
}

// strictJSON tells whether value is JSON that every reader takes: UTF-8, and no NaN.
func strictJSON(value []byte) bool { return json.Valid(value) && utf8.Valid(value) }

// errForeign is for a stored value that cannot be printed as JSON.
func errForeign(verb, key string, value []byte) error {
	hint := "larder get --json prints it as base64"
	if bytes.HasPrefix(value, zstdMagic) {
		hint = "it looks compressed: add codec=json%2Bzstd to the URL"
	}
	return fmt.Errorf("%s %q: the stored value is not JSON (%d bytes): %s", verb, key, len(value), hint)
}

// zstdMagic is what a zstd frame begins with (RFC 8878, section 3.1.1).
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// indent makes JSON readable for a person. What is not quite JSON, because of a NaN, stays on one line.
func indent(value []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, value, "", "  ") != nil {
		return compact(nil, value)
	}
	return b.Bytes()
}

// textCodec is JSON text as bytes: it checks, and changes nothing.
type textCodec struct{}

// Name is that of the codec whose values it reads.
func (textCodec) Name() string { return codec.JSON.Name() }

// Marshal copies the text if it may be stored.
func (textCodec) Marshal(v any) ([]byte, error) {
	value := *v.(*[]byte)
	return bytes.Clone(value), checkJSON(value)
}

// Unmarshal copies the text if it is JSON, NaN allowed.
func (textCodec) Unmarshal(data []byte, v any) error {
	if !codec.Valid(data) {
		return errors.New("not JSON")
	}
	*v.(*[]byte) = bytes.Clone(data)
	return nil
}
