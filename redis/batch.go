package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis/internal/conn"
)

// SetMany stores each item with its lifetime in one command: no key is ever there without it.
func (s *Store) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	c, err := s.client(ctx)
	if err != nil || len(items) == 0 {
		return err
	}
	cmds := make([]rueidis.Completed, 0, 2*len(items))
	at := make([]storing, len(items))
	for i, item := range items {
		cmds, at[i] = s.storing(ctx, c, cmds, item, ttl)
	}
	replies := c.DoBatch(ctx, cmds...)
	var o outcome
	for i, item := range items {
		o.add(item.Key, s.stored(ctx, c, item, at[i], replies))
	}
	return o.err()
}

// storing is where the commands of one item are: what stores it, and what deletes its lease, or -1.
type storing struct{ store, void int }

func (s *Store) storing(ctx context.Context, c rueidis.Client, cmds []rueidis.Completed, item driver.Item, ttl time.Duration) ([]rueidis.Completed, storing) {
	at := storing{len(cmds), -1}
	store := s.storeCommand(ctx, c.B(), item, ttl)
	void := func() rueidis.Completed { return unlinkCommand(c.B(), leaseKey(item.Key)) }
	switch {
	case !s.fits(item.Value), passes(ttl):
		return append(cmds, void(), store), storing{at.store + 1, at.store}
	case s.voids(item.Key, ttl):
		return append(cmds, store, void()), storing{at.store, at.store + 1}
	}
	return append(cmds, store), at
}

// storeCommand deletes the key of a value that is too large.
func (s *Store) storeCommand(ctx context.Context, b rueidis.Builder, item driver.Item, ttl time.Duration) rueidis.Completed {
	if !s.fits(item.Value) {
		return unlinkCommand(b, item.Key)
	}
	return setCommand(b, item.Key, text(ctx, item.Value), ttl)
}

func (s *Store) stored(ctx context.Context, c rueidis.Client, item driver.Item, at storing, replies []rueidis.RedisResult) error {
	err := explain(replies[at.store].Error())
	switch {
	case err == driver.ErrTooLarge: //nolint:errorlint // explain returns it bare
		return s.tooLarge(ctx, item.Key) // the server's limit is lower than it was said to be
	case err != nil:
	case at.void >= 0:
		err = leaseError(replies[at.void])
	default:
		err = s.wrote(ctx, c, item.Key)
	}
	if err == nil && !s.fits(item.Value) {
		return driver.ErrTooLarge
	}
	return explain(err)
}

// DeleteMany removes the keys, each after its lease, as Delete does.
func (s *Store) DeleteMany(ctx context.Context, keys []string) (int, error) {
	c, err := s.client(ctx)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	if c.Mode() == rueidis.ClientModeCluster {
		return deleteEach(ctx, c, keys)
	}
	leases := make([]string, len(keys))
	for i, key := range keys {
		leases[i] = leaseKey(key)
	}
	b := c.B()
	replies := c.DoMulti(ctx, b.Unlink().Key(leases...).Build(), b.Unlink().Key(keys...).Build())
	n, err := replies[1].ToInt64()
	return int(n), explain(first(err, leaseError(replies[0])))
}

// deleteEach has a command for each key, because those of one command have to be in one slot.
func deleteEach(ctx context.Context, client *conn.Client, keys []string) (int, error) {
	b := client.B()
	cmds := make([]rueidis.Completed, 0, 2*len(keys))
	for _, key := range keys {
		cmds = append(cmds, unlinkCommand(b, leaseKey(key)), unlinkCommand(b, key))
	}
	replies := client.DoBatch(ctx, cmds...)
	removed := 0
	var o outcome
	for i, key := range keys {
		n, err := replies[2*i+1].ToInt64()
		removed += int(n)
		o.add(key, explain(first(err, leaseError(replies[2*i]))))
	}
	return removed, o.err()
}

// outcome is what became of the keys of a batch.
type outcome struct {
	failed driver.KeyErrors
	last   error
	done   bool // one at least is
}

func (o *outcome) add(key string, err error) {
	if err == nil {
		o.done = true
		return
	}
	if o.failed == nil {
		o.failed = driver.KeyErrors{}
	}
	o.failed[key], o.last = err, err
}

// err is the fault that kept everything from being done, or the failures of single keys.
func (o *outcome) err() error {
	if o.last != nil && !o.done && !ofOneKey(o.last) {
		return o.last
	}
	return o.failed.OrNil()
}
