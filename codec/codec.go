// Package codec turns values into the bytes that engines store, and back.
package codec

import (
	"fmt"
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
