package celery

import (
	"context"
	"errors"
	"fmt"
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

// Walk bounds and watches a walk over many entries.
type Walk struct {
	// Timeout bounds each reading of some hundred entries, though not the engine's own search for keys. 0: only the context does.
	Timeout time.Duration
	// Seen, if not nil, is told after each reading how many entries were looked at.
	Seen func(n int)
}

// walk hands over the entries of one kind whose ids begin with prefix, some at a time, until visit wants no more. What goes while
// it is looked at is left out. A bounded amount is in memory.
func (b *Backend) walk(ctx context.Context, k kind, prefix string, w Walk, visit func([]found) bool) error {
	store, err := b.store(ctx)
	if err != nil {
		return err
	}
	scanner, ok := store.(driver.Scanner)
	if !ok {
		return fmt.Errorf("%w: the engine does not list its keys", errors.ErrUnsupported)
	}
	before := b.prefix + string(k)
	t := &walker{b: b, ctx: ctx, Walk: w, cut: len(before), visit: visit}
	for key, scanErr := range scanner.Scan(ctx, before+prefix) {
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
	Walk
	b     *Backend
	ctx   context.Context
	cut   int
	visit func([]found) bool
	keys  []string
	size  int
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
		if w.Seen != nil {
			w.Seen(n)
		}
	}
	return true, nil
}

// read looks at the first of the keys, as many as fit, and tells how many.
func (w *walker) read(keys []string) (int, []found, error) {
	ctx, cancel := w.ctx, context.CancelFunc(func() {})
	if w.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, w.Timeout)
	}
	defer cancel()
	infos, err := w.b.inspect(ctx, keys)
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

// inspect asks for lifetimes and sizes. An engine that does not know them says so.
func (b *Backend) inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	if i, ok := b.engine.store.(driver.Inspector); ok {
		infos, err := i.Inspect(ctx, keys)
		if !errors.Is(err, errors.ErrUnsupported) {
			return infos, err
		}
	}
	infos := make(map[string]driver.EntryInfo, len(keys))
	for _, key := range keys {
		infos[key] = driver.EntryInfo{TTL: UnknownTTL, Size: -1}
	}
	return infos, nil
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
