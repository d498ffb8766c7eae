package memcached

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"sync/atomic"
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

// What the compressed values of one call may become, all together, and one of many: each of them may be small and say that it is a
// thousand times as large.
const (
	inflateMost = 256 << 20
	inflateEach = 64 << 20
)

// inflation is what is left of that for a call; nil: all of it, for one value.
type inflation struct {
	left atomic.Int64
	most int64 // for one value
}

func newInflation(values int) *inflation {
	i := &inflation{most: inflateMost}
	if values > 1 {
		i.most = inflateEach
	}
	i.left.Store(inflateMost)
	return i
}

// flagsOf tells Python what a value is: text, which JSON always is, or bytes.
func flagsOf(value []byte) uint32 {
	if utf8.Valid(value) {
		return flagText
	}
	return flagBytes
}

// plainValue is a value as it was before a client has compressed it. What only Python can read is ErrCodec.
func (i *inflation) plainValue(value []byte, flags uint32) ([]byte, error) {
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
	if i == nil {
		i = newInflation(1)
	}
	return i.inflate(value)
}

func (i *inflation) inflate(value []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(value))
	if err != nil {
		return nil, fmt.Errorf("%w: the flags say zlib: %w", driver.ErrCodec, err)
	}
	most := min(i.most, max(i.left.Load(), 0))
	plain, err := io.ReadAll(io.LimitReader(r, most+1))
	i.left.Add(-int64(len(plain)))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: the flags say zlib: %w", driver.ErrCodec, err)
	case int64(len(plain)) > most && most == i.most:
		return nil, fmt.Errorf("%w: more than %d bytes when decompressed", driver.ErrCodec, most)
	case int64(len(plain)) > most:
		return nil, fmt.Errorf("%w: the values of this call have more than %d bytes when decompressed", driver.ErrCodec, inflateMost)
	}
	return plain, nil
}
