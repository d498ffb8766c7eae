package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/larder-go/larder/driver"
)

// do hands a job to the writer.
func (s *Store) do(ctx context.Context, j job) error {
	f, err := s.ready(ctx)
	if err != nil {
		return err
	}
	return f.writer.queue.do(ctx, j)
}

// own returns value in memory that stays as it is when the caller has left because its context ended, while the
// writer still reads it. A caller that cannot leave lends its own memory.
func own(ctx context.Context, value []byte) []byte {
	if ctx.Done() == nil {
		return value
	}
	return bytes.Clone(value)
}

// Set stores value under key with the lifetime ttl (0: no expiry). A value that is too large deletes
// the key and gives driver.ErrTooLarge.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	j := &set{key: key, ttl: ttl}
	if len(value) > maxValue {
		j.tooLarge = len(value)
	} else {
		j.value = own(ctx, value)
	}
	if err := s.do(ctx, j); err != nil {
		return err
	}
	return j.err
}

type set struct {
	key      string
	value    []byte
	tooLarge int // the length of a value that was not even copied
	ttl      time.Duration
	err      error
}

func (j *set) size() int { return len(j.key) + len(j.value) }

func (j *set) apply(s *session) error {
	if j.err = s.fits(j.key, max(len(j.value), j.tooLarge)); j.err != nil {
		_, err := s.remove(j.key)
		return err
	}
	return s.put(j.key, j.value, j.ttl)
}

// Delete removes key and tells whether it was there.
func (s *Store) Delete(ctx context.Context, key string) (bool, error) {
	j := &remove{keys: []string{key}}
	err := s.do(ctx, j)
	return err == nil && j.n > 0, err
}

type remove struct {
	keys []string
	n    int
}

func (j *remove) size() int { return 64 * len(j.keys) }

func (j *remove) apply(s *session) error {
	j.n = 0
	for _, key := range j.keys {
		live, err := s.remove(key)
		if err != nil {
			return err
		}
		if live {
			j.n++
		}
	}
	return nil
}

// Add stores value with ttl if key is absent, and tells whether it did. A value that is too large gives
// driver.ErrTooLarge and changes nothing.
func (s *Store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if len(value) > maxValue {
		return false, fmt.Errorf("%w: %d bytes, the limit is %d", driver.ErrTooLarge, len(value), maxValue)
	}
	j := &add{set: set{key: key, value: own(ctx, value), ttl: ttl}}
	if err := s.do(ctx, j); err != nil {
		return false, err
	}
	return j.added, j.err
}

type add struct {
	set
	added bool
}

func (j *add) apply(s *session) error {
	j.added = false
	old, live, err := s.find(j.key, false)
	if err != nil || live {
		return err
	}
	if j.err = s.fits(j.key, len(j.value)); j.err != nil {
		return nil
	}
	j.added = true
	return s.putOver(old, j.key, j.value, j.ttl)
}

// Touch gives key the lifetime ttl (0: no expiry) from now on, and tells whether key is there.
func (s *Store) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	j := &touch{key: key, ttl: ttl}
	err := s.do(ctx, j)
	return err == nil && j.there, err
}

type touch struct {
	key   string
	ttl   time.Duration
	there bool
}

func (j *touch) size() int { return len(j.key) }

func (j *touch) apply(s *session) error {
	old, live, err := s.find(j.key, false)
	j.there = live
	if err != nil || !live {
		return err
	}
	return s.touch(old, expiry(s.now(), j.ttl))
}

// Swap stores value with ttl (0: no expiry, driver.KeepTTL: as it was) if key is there in version v, and tells whether
// it did. Touch does not change an entry's version.
func (s *Store) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	version, _ := v.(int64) // they begin at 1: what is none is no entry's version
	if len(value) > maxValue {
		return false, fmt.Errorf("%w: %d bytes, the limit is %d", driver.ErrTooLarge, len(value), maxValue)
	}
	j := &swap{set: set{key: key, value: own(ctx, value), ttl: ttl}, version: version}
	if err := s.do(ctx, j); err != nil {
		return false, err
	}
	return j.swapped, j.err
}

type swap struct {
	set
	version int64
	swapped bool
}

func (j *swap) apply(s *session) error {
	j.swapped = false
	old, live, err := s.find(j.key, false)
	if err != nil || !live || old.version != j.version {
		return err
	}
	if j.err = s.fits(j.key, len(j.value)); j.err != nil {
		return nil
	}
	j.swapped = true
	if j.ttl == driver.KeepTTL {
		return s.replace(old, old.expires, j.value)
	}
	return s.putOver(old, j.key, j.value, j.ttl)
}

// The bounds of the part of a batch that is one request.
const (
	batchItems = 500
	batchBytes = 4 << 20
)

// SetMany stores every item with the lifetime ttl, some hundreds at a time. Keys whose values are too large
// are deleted, and the error is then a driver.KeyErrors.
func (s *Store) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	failed := driver.KeyErrors{}
	for len(items) > 0 {
		j := &setMany{ttl: ttl}
		n, bytes := 0, 0
		for n < len(items) && n < batchItems && bytes < batchBytes {
			one := set{key: items[n].Key, ttl: ttl}
			if len(items[n].Value) > maxValue {
				one.tooLarge = len(items[n].Value)
			} else {
				one.value = own(ctx, items[n].Value)
			}
			j.sets = append(j.sets, one)
			bytes += one.size()
			n++
		}
		if err := s.do(ctx, j); err != nil {
			return err
		}
		j.report(failed)
		items = items[n:]
	}
	return failed.OrNil()
}

type setMany struct {
	sets []set
	ttl  time.Duration
}

func (j *setMany) size() (n int) {
	for i := range j.sets {
		n += j.sets[i].size()
	}
	return n
}

func (j *setMany) apply(s *session) error {
	for i := range j.sets {
		if err := j.sets[i].apply(s); err != nil {
			return err
		}
	}
	return nil
}

// report adds the failures; a later item of a key takes the place of an earlier one.
func (j *setMany) report(failed driver.KeyErrors) {
	for i := range j.sets {
		if one := &j.sets[i]; one.err != nil {
			failed[one.key] = one.err
		} else {
			delete(failed, one.key)
		}
	}
}

// DeleteMany removes the keys and returns how many were there, also those removed before an error.
func (s *Store) DeleteMany(ctx context.Context, keys []string) (int, error) {
	n := 0
	for chunk := range slices.Chunk(keys, batchItems) {
		if ctx.Done() != nil {
			chunk = slices.Clone(chunk)
		}
		j := &remove{keys: chunk}
		if err := s.do(ctx, j); err != nil {
			return n, err
		}
		n += j.n
	}
	return n, nil
}
