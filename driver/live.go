package driver

import "time"

// Value is an entry's content as an in-process engine keeps it: the Go value of a typed view, or
// encoded bytes. Implementations are immutable.
type Value interface {
	// Encode returns the bytes that any other engine would hold. They are not modified by anyone.
	Encode() ([]byte, error)
	// Weight returns the bytes of memory that the value takes, for engines bounded by bytes.
	Weight() int
}

// Bytes is a Value that is encoded already.
type Bytes string

// Encode returns a copy of the bytes.
func (b Bytes) Encode() ([]byte, error) { return []byte(b), nil }

// Weight returns the number of bytes.
func (b Bytes) Weight() int { return len(b) }

// Live is implemented by engines in the memory of this process, which can keep Go values as they
// are. A key comes in two parts, so that nobody has to join them on the way to a hit: the entry's
// identity is prefix+key, the same entry as Get(ctx, prefix+key). The other methods of the store
// see live values as bytes: the engine calls Encode where it needs them.
//
// The calls do not block, and so take no context. They may not decline with
// errors.ErrUnsupported: all of the store is in this process.
type Live interface {
	// GetLive returns what is stored, or ErrMiss. It allocates nothing.
	GetLive(prefix, key string) (Value, error)
	// SetLive is Set for a Value, which the engine keeps.
	SetLive(prefix, key string, v Value, ttl time.Duration) error
	// AddLive is Add for a Value, which the engine keeps if it tells true.
	AddLive(prefix, key string, v Value, ttl time.Duration) (bool, error)
	// SwapLive stores v if the entry is still the Value old, as GetLive returned it: the same pointer, or
	// equal Bytes.
	SwapLive(prefix, key string, old, v Value, ttl time.Duration) (bool, error)
}
