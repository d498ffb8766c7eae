package sqlite

import (
	"bytes"
	"context"
	sqldriver "database/sql/driver"
	"iter"
	"slices"
	"strings"

	"github.com/larder-go/larder/driver"
)

// The bounds of one page of a walk.
const (
	pageKeys  = 512
	pageBytes = 1 << 20
)

// keyRange is the keys from one up to, but not with, another.
type keyRange struct{ from, to []byte }

// rangeOf returns the range of the keys that begin with prefix.
func rangeOf(prefix string) keyRange {
	to := []byte(prefix)
	for len(to) > 0 && to[len(to)-1] == 0xff {
		to = to[:len(to)-1]
	}
	if len(to) == 0 {
		to = bytes.Repeat([]byte{0xff}, driver.MaxKeyLen+1) // behind every key
	} else {
		to[len(to)-1]++
	}
	return keyRange{from: []byte(prefix), to: to}
}

// after makes the range begin at the least key that is greater than key.
func (r *keyRange) after(key []byte) { r.from = append(bytes.Clone(key), 0) }

// Scan yields the keys that begin with prefix, in the order of their bytes. It reads a page at a time and no
// transaction is open while the caller has a key, so a walk neither holds up writers nor lets the
// write-ahead log grow.
func (s *Store) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for r := rangeOf(prefix); ; {
			keys, more, err := s.page(ctx, &r)
			if err != nil {
				yield("", err)
				return
			}
			for _, k := range keys {
				if err := ctx.Err(); err != nil {
					yield("", err)
					return
				}
				if !yield(k, nil) {
					return
				}
			}
			if !more {
				return
			}
		}
	}
}

// page reads some keys and moves the range behind them. It may return none although there are more, where many
// have expired.
func (s *Store) page(ctx context.Context, r *keyRange) (keys []string, more bool, err error) {
	f, err := s.ready(ctx)
	if err != nil {
		return nil, false, err
	}
	err = f.pool.read(ctx, func(c *conn) error {
		keys, more = nil, false
		now, seen, size := moment(f.now()), 0, 0
		var last []byte
		err := c.each(background, qKeys, 2, func(row []sqldriver.Value) bool {
			last = bytesOf(row[0])
			if at, ends := number(row[1]); !ends || at > now {
				keys = append(keys, string(last))
			}
			seen, size = seen+1, size+len(last)
			return size < pageBytes
		}, r.from, r.to, int64(pageKeys))
		if more = seen == pageKeys || size >= pageBytes; err == nil && more {
			r.after(last)
		}
		return err
	})
	return keys, more, err
}

// Clear removes every key that begins with prefix, some hundreds at a time, and returns how many.
func (s *Store) Clear(ctx context.Context, prefix string) (int, error) {
	n := 0
	for j := (&clearRange{keys: rangeOf(strings.Clone(prefix))}); ; {
		if err := s.do(ctx, j); err != nil {
			return n, err
		}
		n += j.n
		if j.next == nil {
			return n, nil
		}
		j = &clearRange{keys: keyRange{j.next, j.keys.to}}
	}
}

type clearRange struct {
	keys keyRange
	n    int
	next []byte // where the next batch begins, nil at the end
}

func (j *clearRange) size() int { return groupBytes / 4 }

func (j *clearRange) apply(s *session) error {
	now, live := moment(s.now()), 0
	var rows []victim
	var last []byte
	err := s.c.each(background, qRange, 4, func(row []sqldriver.Value) bool {
		rows = append(rows, victim{id: integer(row[0]), bytes: integer(row[2])})
		last = bytesOf(row[3])
		if at, ends := number(row[1]); !ends || at > now {
			live++
		}
		return true
	}, j.keys.from, j.keys.to, int64(pageKeys))
	if err != nil {
		return err
	}
	for _, v := range rows {
		if err := s.removeRow(v.id, v.bytes); err != nil {
			return err
		}
	}
	j.n, j.next = live, nil
	if len(rows) == pageKeys {
		j.next = slices.Concat(last, []byte{0})
	}
	return nil
}

// ClearAll removes every entry in the file in one transaction, and returns how many there were. The
// room is given back to the file system in the background.
func (s *Store) ClearAll(ctx context.Context) (int, error) {
	j := &clearAll{}
	if err := s.do(ctx, j); err != nil {
		return 0, err
	}
	return j.n, nil
}

type clearAll struct{ n int }

func (j *clearAll) size() int { return groupBytes }

func (j *clearAll) apply(s *session) error {
	now := moment(s.now())
	row, _, err := s.c.one(qCountExpired, 1, now, now)
	if err != nil {
		return err
	}
	expired := integer(row[0])
	n, err := s.c.exec(background, qDeleteAll)
	if err != nil {
		return err
	}
	j.n, s.weight = int(n-expired), 0
	s.shrinking = true
	return nil
}
