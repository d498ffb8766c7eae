package celery

import (
	"context"
	"slices"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/driver"
)

// content is what is stored under a key: bytes that an engine has handed over, or the text that an engine in
// this process has itself, which is read where it is. What is read from it shares no memory with what anybody
// may write to.
type content struct {
	bytes []byte
	text  string
}

// size is the number of bytes.
func (c content) size() int { return len(c.bytes) + len(c.text) }

// copied are the bytes for somebody else; nil if nothing is stored.
func (c content) copied() []byte {
	if c.text != "" {
		return []byte(c.text)
	}
	return slices.Clone(c.bytes)
}

func (c content) read(s serial.Serializer) py.FieldReader {
	if c.text != "" {
		return s.ReadText(c.text)
	}
	return s.Read(c.bytes)
}

// content is Get of an id's key.
func (b *Backend) content(ctx context.Context, k kind, id string) (content, error) {
	if b.engine.live == nil || b.prefix != "" {
		key, err := b.key(k, id)
		if err != nil {
			return content{}, err
		}
		value, err := b.Get(ctx, key)
		return content{bytes: value}, err
	}
	err := b.checkKey(k, id)
	if err == nil {
		err = b.ready(ctx)
	}
	if err != nil {
		return content{}, err
	}
	c, err := b.live(string(k), id)
	if err != nil {
		return c, b.fail("get", string(k)+id, err)
	}
	return c, nil
}

// live reads from the memory of this process. The key comes in two parts, which nobody has to join.
func (b *Backend) live(prefix, id string) (content, error) {
	v, err := b.engine.live.GetLive(prefix, id)
	if err != nil {
		return content{}, err
	}
	if text, ok := v.(driver.Bytes); ok {
		return content{text: string(text)}, nil
	}
	value, err := v.Encode()
	return content{bytes: value}, err
}
