package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// SetMany stores each item with its lifetime in one command: no key is ever there without it.
func (s *Store) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	c, err := s.link.client(ctx)
	if err != nil || len(items) == 0 {
		return err
	}
	cmds := make([]rueidis.Completed, 0, 2*len(items))
	voids := s.voids(ttl)
	for _, item := range items {
		cmds = append(cmds, storeCommand(ctx, c.client.B(), item, ttl))
		if voids {
			cmds = append(cmds, unlinkCommand(c.client.B(), leaseKey(item.Key)))
		}
	}
	replies := c.client.DoMulti(ctx, cmds...)
	each := len(cmds) / len(items)
	var o outcome
	for i, item := range items {
		o.add(item.Key, s.stored(ctx, c, item, replies[i*each:(i+1)*each]))
	}
	return o.err()
}

// storeCommand deletes the key of a value that is too large.
func storeCommand(ctx context.Context, b rueidis.Builder, item driver.Item, ttl time.Duration) rueidis.Completed {
	if len(item.Value) > maxValue {
		return unlinkCommand(b, item.Key)
	}
	return setCommand(b, item.Key, text(ctx, item.Value), ttl)
}

// stored finishes one item, whose replies are storeCommand's and, if it was sent along, that of the lease's deletion.
func (s *Store) stored(ctx context.Context, c *connected, item driver.Item, replies []rueidis.RedisResult) error {
	err := replies[0].Error()
	switch {
	case err != nil:
	case len(replies) > 1:
		err = leaseError(replies[1])
	default:
		err = s.wrote(ctx, c, item.Key)
	}
	if err == nil && len(item.Value) > maxValue {
		return driver.ErrTooLarge
	}
	return explain(err)
}

// DeleteMany removes the keys, each after its lease, as Delete does.
func (s *Store) DeleteMany(ctx context.Context, keys []string) (int, error) {
	c, err := s.link.client(ctx)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	if c.client.Mode() == rueidis.ClientModeCluster {
		return deleteEach(ctx, c.client, keys)
	}
	leases := make([]string, len(keys))
	for i, key := range keys {
		leases[i] = leaseKey(key)
	}
	b := c.client.B()
	replies := c.client.DoMulti(ctx, b.Unlink().Key(leases...).Build(), b.Unlink().Key(keys...).Build())
	n, err := replies[1].ToInt64()
	return int(n), explain(first(err, leaseError(replies[0])))
}

// deleteEach has a command for each key, because those of one command have to be in one slot.
func deleteEach(ctx context.Context, client rueidis.Client, keys []string) (int, error) {
	b := client.B()
	cmds := make([]rueidis.Completed, 0, 2*len(keys))
	for _, key := range keys {
		cmds = append(cmds, unlinkCommand(b, leaseKey(key)), unlinkCommand(b, key))
	}
	replies := client.DoMulti(ctx, cmds...)
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
