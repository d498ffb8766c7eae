package sqlite

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/larder-go/larder/driver"
)

// largeValue is the length in bytes above which a value is read on a goroutine of its own, so that
// the caller can leave when its context ends. The statement that reads the others tells (NULL).
const largeValue = 1 << 20

// found is what a read returns of one entry.
type found struct {
	value   []byte
	version int64
}

// errLarge says that a value is longer than largeValue and has not been read.
var errLarge = errors.New("large value")

// Get returns the value of key, or driver.ErrMiss. It never writes; when some process limits the file by max_bytes, it
// notes the use in memory.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	f, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	got, err := f.get(ctx, key, false)
	return got.value, err
}

// GetVersion is Get that also returns the version of the entry.
func (s *Store) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	f, err := s.ready(ctx)
	if err != nil {
		return nil, nil, err
	}
	got, err := f.get(ctx, key, true)
	if err != nil {
		return nil, nil, err
	}
	return got.value, got.version, nil
}

func (f *file) get(ctx context.Context, key string, version bool) (got found, err error) {
	err = f.pool.read(ctx, func(c *conn) (err error) {
		got, err = f.lookUp(c, key, version)
		return err
	})
	if errors.Is(err, errLarge) {
		return f.getLarge(ctx, key)
	}
	return got, err
}

// GetMany returns one Result for each key, in the order of keys.
func (s *Store) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	f, err := s.ready(ctx)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	results := make([]driver.Result, len(keys))
	for from := 0; from < len(keys); {
		err := f.pool.read(ctx, func(c *conn) (err error) {
			from, err = f.lookUpMany(ctx, c, keys, from, results)
			return err
		})
		if errors.Is(err, errLarge) {
			var got found
			got, err = f.getLarge(ctx, keys[from])
			results[from] = driver.Result{Value: got.value, Err: err}
			from++
		}
		if err != nil && !errors.Is(err, driver.ErrMiss) {
			return nil, err
		}
	}
	return results, nil
}

// lookUpMany fills in the results from one key on, and returns which key comes next.
func (f *file) lookUpMany(ctx context.Context, c *conn, keys []string, from int, results []driver.Result) (int, error) {
	for i := from; i < len(keys); i++ {
		got, err := f.lookUp(c, keys[i], false)
		if err == nil || errors.Is(err, driver.ErrMiss) {
			results[i] = driver.Result{Value: got.value, Err: err}
			err = ctx.Err()
		}
		if err != nil {
			return i, err
		}
	}
	return len(keys), nil
}

// lookUp reads one entry on c. Its errors are SQLite's, driver.ErrMiss and errLarge.
func (f *file) lookUp(c *conn, key string, version bool) (found, error) {
	now := moment(f.now())
	q, n := qGet, 1
	if version || f.uses.on.Load() {
		q, n = qGetFull, 4
	}
	row, there, err := c.one(q, n, c.blob(key), now)
	switch {
	case err != nil:
		return found{}, err
	case !there:
		return found{}, driver.ErrMiss
	case row[0] == nil:
		return found{}, errLarge
	}
	got := found{value: bytesOf(row[0])}
	if n > 1 {
		got.version = integer(row[3])
		f.note(integer(row[1]), integer(row[2]), now)
	}
	return got, nil
}

// getLarge reads a value of any length. The goroutine that does outlasts a caller whose context ends.
func (f *file) getLarge(ctx context.Context, key string) (found, error) {
	type answer struct {
		found
		err error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		a.err = f.pool.read(ctx, func(c *conn) (err error) {
			a.found, err = f.readLarge(c, key, moment(f.now()))
			return err
		})
		done <- a
	}()
	select {
	case a := <-done:
		return a.found, a.err
	case <-ctx.Done():
		return found{}, ctx.Err()
	}
}

func (f *file) readLarge(c *conn, key string, now int64) (found, error) {
	row, there, err := c.one(qGetLarge, 4, c.blob(key), now)
	if err != nil {
		return found{}, err
	}
	if !there {
		return found{}, driver.ErrMiss
	}
	if f.uses.on.Load() {
		f.note(integer(row[1]), integer(row[2]), now)
	}
	return found{value: bytesOf(row[0]), version: integer(row[3])}, nil
}

func (f *file) note(id, written, now int64) {
	if f.uses.on.Load() {
		f.uses.note(id, written, now)
	}
}

// Inspect returns what is known of those of the keys that are there. TTLs are in units of [Resolution],
// rounded up.
func (s *Store) Inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	f, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	infos := make(map[string]driver.EntryInfo)
	for chunk := range slices.Chunk(keys, 256) {
		var part map[string]driver.EntryInfo
		err := f.pool.read(ctx, func(c *conn) (err error) {
			part, err = f.inspect(c, chunk)
			return err
		})
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		maps.Copy(infos, part)
	}
	return infos, nil
}

func (f *file) inspect(c *conn, keys []string) (map[string]driver.EntryInfo, error) {
	infos := make(map[string]driver.EntryInfo, len(keys))
	for _, key := range keys {
		now := f.now()
		row, there, err := c.one(qInspect, 2, c.blob(key), moment(now))
		if err != nil {
			return nil, err
		}
		if there {
			infos[key] = driver.EntryInfo{TTL: remaining(row[0], now), Size: int(integer(row[1]))}
		}
	}
	return infos, nil
}

// bytesOf returns a blob column, never nil.
func bytesOf(v any) []byte {
	if b, _ := v.([]byte); b != nil {
		return b
	}
	return []byte{}
}
