package memcached

import (
	"context"
	"errors"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// version is the state of an item, in one life of its server.
type version struct{ life, cas uint64 }

// GetVersion returns the value of key and its state, which memcached counts: an item that was written again with the same
// value is another one.
func (s *Store) GetVersion(ctx context.Context, key string) (value []byte, v driver.Version, err error) {
	for try := 0; again(try, &err); try++ {
		value, v, err = s.getVersion(ctx, key)
	}
	return value, v, s.orMiss(err)
}

func (s *Store) getVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	t, err := s.find(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	call := t.call()
	call.Get(t.key, meta.Value+meta.Flags+meta.CAS)
	if err := t.ask(ctx, call); err != nil {
		return nil, nil, err
	}
	value, err := valueOf(call.Reply(0))
	v := version{t.line.life, call.Reply(0).CAS}
	call.Free()
	switch {
	case errors.Is(err, driver.ErrCodec): // it can be replaced
		return nil, v, err
	case err != nil:
		return nil, nil, err
	}
	return value, v, nil
}

// Swap replaces the entry if its state is the one that was read.
func (s *Store) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (swapped bool, err error) {
	for try := 0; again(try, &err); try++ {
		swapped, err = s.swap(ctx, key, v, value, ttl)
	}
	return swapped, err
}

func (s *Store) swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	t, err := s.find(ctx, key)
	if err != nil {
		return false, err
	}
	old, ok := v.(version)
	if !ok || old.cas == 0 || old.life != t.line.life {
		return false, ctx.Err()
	}
	if t.line.tooLarge(t.key, value) {
		return false, driver.ErrTooLarge
	}
	item := meta.Item{Data: value, Flags: flagsOf(value), CAS: old.cas}
	if ttl != driver.KeepTTL {
		return t.store(ctx, item, ttl)
	}
	call := t.call()
	call.Get(t.key, meta.TTL+meta.CAS)
	if err := t.ask(ctx, call); err != nil {
		return false, err
	}
	r := *call.Reply(0)
	call.Free()
	if r.Status != meta.OK || r.CAS != old.cas {
		return false, r.Err
	}
	return t.replace(ctx, item, r.TTL)
}

// replace stores an item in the place of another and keeps its lifetime, of which ttl seconds were left when it was read.
//
// memcached has no word for that. So the rest is given as a new lifetime, and looked at before and behind: if the server's clock
// has ticked since it was read, the item has gained a second, and a counter that is written all the time would never
// end. So that is taken back.
func (t *target) replace(ctx context.Context, item meta.Item, ttl int64) (bool, error) {
	item.Tell = true
	cas, gained, err := t.replaceOnce(ctx, t.call(), item, ttl)
	if err != nil || cas == 0 {
		return false, err
	}
	if gained != 0 {
		item.CAS = cas
		_, _, err = t.replaceOnce(ctx, meta.NewCall(), item, ttl-gained) // unless somebody else has written meanwhile
	}
	return err == nil, err
}

// replaceOnce sends call, which is new, and returns the new item's state, 0 if it was not stored, and by how many seconds its life has become longer.
func (t *target) replaceOnce(ctx context.Context, call *meta.Call, item meta.Item, ttl int64) (cas uint64, gained int64, err error) {
	if item.TTL, err = t.line.rest(ttl); err != nil {
		return 0, 0, err
	}
	t.lookAtLease(call)
	call.Get(t.key, meta.TTL)
	call.Set(t.key, item)
	call.Get(t.key, meta.TTL)
	if err := t.do(ctx, call); err != nil {
		return 0, 0, err
	}
	lease, before, change, after := *call.Reply(0), *call.Reply(1), *call.Reply(2), *call.Reply(3)
	call.Free()
	switch {
	case change.Status == meta.Failed:
		return 0, 0, odd(&change)
	case change.Status != meta.OK:
		return 0, 0, nil
	case ttl > 0 && before.Status == meta.OK && after.Status == meta.OK:
		gained = after.TTL - before.TTL
	}
	return change.CAS, gained, t.void(ctx, &lease)
}
