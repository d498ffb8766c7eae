package memcached

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/larder-go/larder/driver"
)

// The flags that Python's clients (pylibmc, python-memcached, pymemcache) tell the types of values by.
const (
	flagBytes   = 0
	flagPickle  = 1
	flagInteger = 2 // python-memcached; a bool of pylibmc
	flagLong    = 4 // an integer of pylibmc
	flagZlib    = 8 // in addition to another
	flagText    = 16
)

// inflateMost bounds what a compressed value may become.
const inflateMost = 256 << 20

// flagsOf tells Python what a value is: text, which JSON always is, or bytes.
func flagsOf(value []byte) uint32 {
	if utf8.Valid(value) {
		return flagText
	}
	return flagBytes
}

// plainValue is a value as it was before a client has compressed it. What only Python can read is ErrCodec.
func plainValue(value []byte, flags uint32) ([]byte, error) {
	switch flags &^ flagZlib {
	case flagBytes, flagText, flagInteger, flagLong:
	case flagPickle:
		return nil, fmt.Errorf("%w: a pickle, which only Python reads (flags %d)", driver.ErrCodec, flags)
	default:
		return nil, fmt.Errorf("%w: flags %d, which mean nothing here", driver.ErrCodec, flags)
	}
	if flags&flagZlib == 0 {
		return value, nil
	}
	return inflate(value)
}

func inflate(value []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(value))
	if err != nil {
		return nil, fmt.Errorf("%w: the flags say zlib: %w", driver.ErrCodec, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, inflateMost+1))
	if err != nil {
		return nil, fmt.Errorf("%w: the flags say zlib: %w", driver.ErrCodec, err)
	}
	if len(plain) > inflateMost {
		return nil, fmt.Errorf("%w: more than %d bytes when decompressed", driver.ErrCodec, inflateMost)
	}
	return plain, nil
}
