// Package codec turns values into the bytes that engines store, and back.
package codec

import (
	"fmt"
	"reflect"
	"strings"
)

// Codec turns a value into bytes and back. Implementations are safe for concurrent use.
type Codec interface {
	// Name is how a URL's codec parameter calls it: "json", "raw+zstd".
	Name() string
	// Marshal encodes what v points to. The bytes belong to the caller.
	Marshal(v any) ([]byte, error)
	// Unmarshal decodes data into what v points to. It neither keeps nor changes data. After an error,
	// what v points to is undefined.
	Unmarshal(data []byte, v any) error
}

// Same tells whether a and b are the same codec, so that what one has encoded the other decodes alike.
func Same(a, b Codec) bool {
	v := reflect.ValueOf(a)
	return v.Type() == reflect.TypeOf(b) && v.Comparable() && a == b
}

// names are the codecs that a URL can name.
var names = []Codec{JSON, Raw, Zstd(JSON, 0), Zstd(Raw, 0)}

// ByName returns the codec of that name: json, raw, json+zstd or raw+zstd.
func ByName(name string) (Codec, error) {
	known := make([]string, len(names))
	for i, c := range names {
		if c.Name() == name {
			return c, nil
		}
		known[i] = c.Name()
	}
	return nil, fmt.Errorf("unknown codec %q; known: %s", name, strings.Join(known, ", "))
}
