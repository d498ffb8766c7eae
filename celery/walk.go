package celery

import (
	"context"
	"errors"
	"time"

	"github.com/larder-go/larder/driver"
)

// The bounds of what a walk reads at a time.
const (
	walkKeys    = 500
	walkBytes   = 2 << 20
	unknownSize = 256 << 10 // what a value counts as whose size the engine does not know
)

// UnknownTTL is the lifetime that an engine cannot tell.
const UnknownTTL time.Duration = -1

// found is an entry that a walk has come to.
type found struct {
	key string
	id  string // the key without what stands before ids of its kind
	driver.EntryInfo
	Entry
}

// walk says what a walk over many entries goes for.
type walk struct {
	kind   kind
	prefix string // of the ids
	// timeout bounds each reading of some hundred entries. 0: only the context does.
	timeout time.Duration
	// seen, if not nil, is told after each reading how many entries were looked at.
	seen func(n int)
	// visit is handed some entries at a time, and tells whether it wants more.
	visit func([]found) bool
}

// walk hands over entries until no more are wanted. What goes while it is looked at is left out. A bounded
// amount is in memory.
func (b *Backend) walk(ctx context.Context, w walk) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	before := b.prefix + string(w.kind)
	keys, err := b.engine.scan(ctx, before+w.prefix)
	if err != nil {
		return err
	}
	t := &walker{walk: w, b: b, ctx: ctx, cut: len(before)}
	for key, scanErr := range keys {
		if scanErr != nil {
			// What was found before it counts: an engine may tell at the end how many keys it cannot name.
			if more, err := t.flush(); err != nil || !more {
				return err
			}
			return scanErr
		}
		if more, err := t.add(key); err != nil || !more {
			return err
		}
	}
	_, err = t.flush()
	return err
}

// walker collects keys until it is worth reading them.
type walker struct {
	walk
	b    *Backend
	ctx  context.Context
	cut  int
	keys []string
	size int
}

// add takes a key. more tells whether more are wanted.
func (w *walker) add(key string) (more bool, err error) {
	w.keys, w.size = append(w.keys, key), w.size+len(key)
	if len(w.keys) < walkKeys && w.size < walkBytes {
		return true, nil
	}
	return w.flush()
}

// flush reads what was collected.
func (w *walker) flush() (more bool, err error) {
	keys := w.keys
	w.keys, w.size = nil, 0
	for len(keys) > 0 {
		n, batch, err := w.read(keys)
		if err != nil || !w.visit(batch) {
			return false, err
		}
		keys = keys[n:]
		if w.seen != nil {
			w.seen(n)
		}
	}
	return true, nil
}

// read looks at the first of the keys, as many as fit, and tells how many.
func (w *walker) read(keys []string) (int, []found, error) {
	ctx, cancel := w.ctx, context.CancelFunc(func() {})
	if w.timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, w.timeout)
	}
	defer cancel()
	infos, err := w.b.engine.inspect(ctx, keys)
	if err != nil {
		return 0, nil, err
	}
	n := fitting(keys, infos)
	entries, err := w.b.MGet(ctx, keys[:n])
	if err != nil {
		return 0, nil, err
	}
	batch := make([]found, 0, n)
	for i, e := range entries {
		if info, there := infos[keys[i]]; there && !errors.Is(e.Err, ErrMiss) {
			batch = append(batch, found{keys[i], keys[i][w.cut:], info, e})
		}
	}
	return n, batch, nil
}

// fitting is how many of the keys are read at a time, at least one.
func fitting(keys []string, infos map[string]driver.EntryInfo) int {
	size := 0
	for i, key := range keys {
		info := infos[key]
		if info.Size < 0 {
			info.Size = unknownSize
		}
		if size += info.Size; size > walkBytes && i > 0 {
			return i
		}
	}
	return len(keys)
}
