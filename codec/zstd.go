package codec

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// DefaultZstdLimit is the largest value, in bytes before compression, that [Zstd] reads and writes unless
// told otherwise: 64 MiB.
const DefaultZstdLimit = 64 << 20

// frameMagic begins a zstd frame (RFC 8878, section 3.1.1). Its first byte, '(', cannot begin JSON.
var frameMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// Zstd compresses what inner makes, where that is shorter; what is not compressed is read too, so that it
// can be turned on over data that is there already (but for raw values that are zstd frames themselves). A value of more than limit bytes before compression
// (0: DefaultZstdLimit) is an error in both directions: a small forged frame cannot take more memory than that.
func Zstd(inner Codec, limit int) Codec {
	if limit <= 0 {
		limit = DefaultZstdLimit
	}
	c := &compressed{inner: inner, limit: limit}
	c.tools = sync.OnceValues(c.build)
	return c
}

type compressed struct {
	inner Codec
	limit int
	tools func() (*tools, error)
}

// tools are made when first used: most programs do not compress.
type tools struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func (c *compressed) build() (*tools, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(uint64(c.limit)), zstd.WithDecoderConcurrency(0))
	if err != nil {
		return nil, err
	}
	return &tools{enc, dec}, nil
}

func (c *compressed) Name() string { return c.inner.Name() + "+zstd" }

func (c *compressed) Marshal(v any) ([]byte, error) {
	plain, err := c.inner.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(plain) > c.limit {
		return nil, fmt.Errorf("%d bytes before compression, more than the codec's limit of %d", len(plain), c.limit)
	}
	t, err := c.tools()
	if err != nil {
		return nil, err
	}
	packed := t.encoder.EncodeAll(plain, nil)
	// A plain value that looks like a frame would be taken for one: it is always compressed.
	if len(packed) < len(plain) || bytes.HasPrefix(plain, frameMagic) {
		return packed, nil
	}
	return plain, nil
}

func (c *compressed) Unmarshal(data []byte, v any) error {
	if !bytes.HasPrefix(data, frameMagic) {
		return c.inner.Unmarshal(data, v)
	}
	t, err := c.tools()
	if err != nil {
		return err
	}
	plain, err := t.decoder.DecodeAll(data, nil)
	if err != nil {
		return fmt.Errorf("zstd: %w", err)
	}
	return c.inner.Unmarshal(plain, v)
}

// Base returns the codec whose bytes c compresses, or c itself if it does not.
func Base(c Codec) Codec {
	if z, ok := c.(*compressed); ok {
		return Base(z.inner)
	}
	return c
}
