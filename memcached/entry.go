package memcached

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// Get returns the value of key.
func (s *Store) Get(ctx context.Context, key string) (value []byte, err error) {
	for try := 0; again(try, &err); try++ {
		value, err = s.get(ctx, key)
	}
	return value, s.orMiss(err)
}

func (s *Store) get(ctx context.Context, key string) ([]byte, error) {
	t, err := s.find(ctx, key)
	if err != nil {
		return nil, err
	}
	call := t.call()
	call.Get(t.key, meta.Value+meta.Flags)
	if err := t.ask(ctx, call); err != nil {
		return nil, err
	}
	value, err := valueOf(call.Reply(0))
	call.Free()
	return value, err
}

// orMiss is what a read says of a server that is down.
func (s *Store) orMiss(err error) error {
	if s.options.OnDown == MissOnDown && isDown(err) {
		return driver.ErrMiss
	}
	return err
}

// valueOf is what a get of one key has found.
func valueOf(r *meta.Reply) ([]byte, error) { return (*inflation)(nil).valueOf(r) }

// valueOf is what a get has found.
func (i *inflation) valueOf(r *meta.Reply) ([]byte, error) {
	switch r.Status {
	case meta.Found:
		if r.Flags == flagText || r.Flags == flagBytes {
			return r.Data, nil
		}
		return i.plainValue(r.Data, r.Flags)
	case meta.Miss, meta.Silent:
		return nil, driver.ErrMiss
	}
	return nil, odd(r)
}

// odd is the error of an answer that is not one of those that were to be expected.
func odd(r *meta.Reply) error {
	if r.Err == nil {
		return errors.New("an answer of the wrong kind")
	}
	if strings.Contains(r.Err.Error(), "object too large") {
		return driver.ErrTooLarge
	}
	return r.Err
}

// Set stores value with its lifetime in one command.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) (err error) {
	for try := 0; again(try, &err); try++ {
		err = s.set(ctx, key, value, ttl)
	}
	if err != nil && errors.Is(err, driver.ErrTooLarge) {
		return s.tooLarge(ctx, key)
	}
	return err
}

func (s *Store) set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	t, err := s.find(ctx, key)
	if err != nil {
		return err
	}
	if t.line.tooLarge(t.key, value) {
		return driver.ErrTooLarge
	}
	stored, err := t.store(ctx, meta.Item{Data: value, Flags: flagsOf(value)}, ttl) // a server may know better than its own limit
	if err == nil && !stored {
		return errors.New("the server has not stored it")
	}
	return err
}

// itemHead is more than memcached takes for an item beside its key and value.
const itemHead = 80

// tooLarge tells whether the server would refuse a value. What it would only just take is refused too.
func (l *line) tooLarge(k meta.Key, value []byte) bool {
	return len(value)+k.Len()+itemHead > l.hello.Limit
}

// tooLarge deletes the key whose new value cannot be stored.
func (s *Store) tooLarge(ctx context.Context, key string) error {
	if _, err := s.Delete(ctx, key); err != nil {
		return err
	}
	return driver.ErrTooLarge
}

// store sends a Set, together with a look at the key's lease, which is voided if there is one.
func (t *target) store(ctx context.Context, item meta.Item, ttl time.Duration) (stored bool, err error) {
	if item.TTL, err = t.line.expiry(ttl); err != nil {
		return false, err
	}
	call := t.call()
	t.lookAtLease(call)
	call.Set(t.key, item)
	return t.change(ctx, call)
}

// change sends a call of a look at the lease and a change, and tells whether that was made.
func (t *target) change(ctx context.Context, call *meta.Call) (done bool, err error) {
	if err := t.do(ctx, call); err != nil {
		return false, err
	}
	lease, change := *call.Reply(0), *call.Reply(1)
	call.Free()
	switch change.Status {
	case meta.OK:
		return true, t.void(ctx, &lease)
	case meta.NotStored, meta.NotFound, meta.Exists:
		return false, nil
	}
	return false, odd(&change)
}

// Add stores value only where nothing is.
func (s *Store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (added bool, err error) {
	for try := 0; again(try, &err); try++ {
		added, err = s.add(ctx, key, value, ttl)
	}
	return added, err
}

func (s *Store) add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	t, err := s.find(ctx, key)
	if err != nil {
		return false, err
	}
	if t.line.tooLarge(t.key, value) {
		return false, driver.ErrTooLarge
	}
	return t.store(ctx, meta.Item{Data: value, Flags: flagsOf(value), Mode: meta.Add}, ttl)
}

// Touch gives key a new lifetime.
func (s *Store) Touch(ctx context.Context, key string, ttl time.Duration) (there bool, err error) {
	for try := 0; again(try, &err); try++ {
		there, err = s.touch(ctx, key, ttl)
	}
	return there, err
}

func (s *Store) touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	t, err := s.find(ctx, key)
	if err != nil {
		return false, err
	}
	expiry, err := t.line.expiry(ttl)
	if err != nil {
		return false, err
	}
	call := t.call()
	call.Touch(t.key, meta.Size, expiry)
	if err := t.do(ctx, call); err != nil {
		return false, err
	}
	r := *call.Reply(0)
	call.Free()
	switch r.Status {
	case meta.OK:
		return true, nil
	case meta.Miss:
		return false, nil
	}
	return false, fmt.Errorf("touch: %w", odd(&r))
}

// Delete removes key, and voids its lease first: see lease_void.go.
func (s *Store) Delete(ctx context.Context, key string) (was bool, err error) {
	for try := 0; again(try, &err); try++ {
		was, err = s.delete(ctx, key)
	}
	return was, err
}

func (s *Store) delete(ctx context.Context, key string) (bool, error) {
	t, err := s.find(ctx, key)
	if err != nil {
		return false, err
	}
	return t.remove(ctx, t.call())
}
