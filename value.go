package larder

import (
	"math"
	"reflect"
	"unsafe"

	"github.com/larder-go/larder/codec"
	"github.com/larder-go/larder/driver"
)

// kind is how a view's values are kept: one for each view, so that an entry knows by one pointer whether it
// was written by the view that reads it.
type kind[V any] struct {
	codec     codec.Codec
	inProcess bool       // the engine keeps what hold makes
	live      bool       // who keeps values in this process, the engine or a near copy, keeps them as they are
	plain     *plainType // not nil: V is safe to share as it is
	clone     func(V) V
	weigh     func(V) int
}

func newKind[V any](c *Cache, p Policy[V]) *kind[V] {
	k := &kind[V]{codec: p.Codec, clone: p.Clone, weigh: p.Weigh}
	k.inProcess = c.engine.live != nil
	if !k.inProcess && c.engine.near == nil {
		return k
	}
	k.plain = plainTypeOf(reflect.TypeFor[V](), p.Codec)
	k.live = k.plain != nil || p.Shared || p.Clone != nil
	return k
}

// encoded returns the bytes of a value that hold has made for an engine outside the process, without a copy. They
// are not to be modified.
func encoded(v driver.Value) []byte { return inPlace(v.(driver.Bytes)) }

// inPlace looks at the bytes where they are; they are not to be modified.
func inPlace(b driver.Bytes) []byte { return unsafe.Slice(unsafe.StringData(string(b)), len(b)) }

// hold turns a value into what the engine will keep: a *boxed for engines that keep Go values, else
// driver.Bytes. The error is ErrCodec.
func (k *kind[V]) hold(val V) (driver.Value, error) {
	if !k.live || !k.inProcess {
		return k.encode(val)
	}
	b := &boxed[V]{val, k}
	if k.plain != nil {
		return b, codecError(k.plain.settle(reflect.ValueOf(&b.value).Elem()))
	}
	// A value that no other engine would take is refused here too.
	if _, err := k.codec.Marshal(&b.value); err != nil {
		return nil, codecError(err)
	}
	if k.clone != nil {
		b.value = k.clone(val)
	}
	return b, nil
}

// encode is hold for a view that does not keep values as they are. It is apart because its val moves to the heap,
// which a live Set should not pay for.
func (k *kind[V]) encode(val V) (driver.Value, error) {
	data, err := k.codec.Marshal(&val)
	if err != nil {
		return nil, codecError(err)
	}
	if k.inProcess {
		return driver.Bytes(data), nil // a copy: the codec's slice may have room to spare, for as long as the entry lives
	}
	return driver.Bytes(unsafe.String(unsafe.SliceData(data), len(data))), nil
}

// take gets a value out of what an engine has kept, or another view has loaded. The error is ErrCodec.
func (k *kind[V]) take(kept driver.Value) (V, error) {
	switch kept := kept.(type) {
	case *boxed[V]:
		if kept.kind == k || (k.live && codec.Same(k.codec, kept.kind.codec)) {
			if k.clone != nil {
				return k.clone(kept.value), nil
			}
			return kept.value, nil
		}
	case driver.Bytes:
		return k.decode(inPlace(kept))
	}
	data, err := kept.Encode()
	if err != nil {
		var zero V
		return zero, codecError(err)
	}
	return k.decode(data)
}

func (k *kind[V]) decode(data []byte) (V, error) {
	var val V
	err := k.decodeTo(&val, data)
	return val, err
}

// decodeTo is decode into what is zero, and stays so after an error.
func (k *kind[V]) decodeTo(val *V, data []byte) error {
	if err := k.codec.Unmarshal(data, val); err != nil {
		var zero V
		*val = zero
		return codecError(err)
	}
	return nil
}

// boxed is a Go value in an engine of this process. It is never modified.
type boxed[V any] struct {
	value V
	kind  *kind[V]
}

// Encode returns the bytes that another engine would hold.
func (b *boxed[V]) Encode() ([]byte, error) {
	data, err := b.kind.codec.Marshal(&b.value)
	return data, codecError(err)
}

// Weight returns the bytes of memory that the value takes.
func (b *boxed[V]) Weight() int {
	if b.kind.weigh != nil {
		return min(max(b.kind.weigh(b.value), 0), math.MaxInt32)
	}
	if b.kind.plain != nil {
		return b.kind.plain.weight(reflect.ValueOf(&b.value).Elem())
	}
	data, _ := b.Encode()
	return len(data)
}
