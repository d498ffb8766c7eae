package redis

import (
	"context"
	"slices"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// mgetKeys is how many keys one MGET asks for: its answer is one message, which is in memory as a whole.
const mgetKeys = 1000

// GetMany asks in one round trip to each server, and in a second one for keys without a value.
//
// MGET answers a key of another type as if it were absent, and a fault is not a miss; but a GET for each key takes twice as
// long. So EXISTS looks for those that MGET has left out. It rarely finds one, which is then asked for by GET.
func (s *Store) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	c, err := s.link.client(ctx)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	q := query{client: c.client, keys: keys, results: make([]driver.Result, len(keys))}
	if err := q.ask(ctx, together(c.client, keys)); err != nil {
		return nil, err
	}
	if len(q.absent) > 0 {
		if err := q.makeSure(ctx); err != nil {
			return nil, err
		}
	}
	if len(q.doubtful) > 0 {
		err = q.askEach(ctx, q.doubtful)
	}
	return q.results, err
}

// query is a GetMany. Keys are known by their index.
type query struct {
	client   rueidis.Client
	keys     []string
	results  []driver.Result
	absent   [][]int // those of a group that MGET has no value of
	doubtful []int   // not known to be absent
}

// together groups keys that one command may name: in a cluster, those of one slot.
func together(client rueidis.Client, keys []string) [][]int {
	all := make([]int, len(keys))
	for i := range all {
		all[i] = i
	}
	if client.Mode() != rueidis.ClientModeCluster {
		return slices.Collect(slices.Chunk(all, mgetKeys))
	}
	slots := make([]uint16, len(keys))
	for i, key := range keys {
		slots[i] = slotOf(key)
	}
	slices.SortFunc(all, func(i, j int) int { return int(slots[i]) - int(slots[j]) })
	groups := make([][]int, 0, len(keys))
	for rest := all; len(rest) > 0; {
		n := 1
		for n < min(len(rest), mgetKeys) && slots[rest[n]] == slots[rest[0]] {
			n++
		}
		groups, rest = append(groups, rest[:n]), rest[n:]
	}
	return groups
}

// ask sends GET for a group of one key, MGET for others.
func (q *query) ask(ctx context.Context, groups [][]int) error {
	b := q.client.B()
	cmds := make([]rueidis.Completed, len(groups))
	for i, group := range groups {
		if len(group) == 1 {
			cmds[i] = b.Get().Key(q.keys[group[0]]).Build()
		} else {
			cmds[i] = b.Mget().Key(q.names(group)...).Build()
		}
	}
	for i, reply := range do(ctx, q.client, cmds) {
		var err error
		if group := groups[i]; len(group) == 1 {
			err = q.got(group[0], reply)
		} else {
			err = q.gotGroup(group, reply)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// makeSure asks whether what MGET has no value of is there all the same.
func (q *query) makeSure(ctx context.Context) error {
	b := q.client.B()
	cmds := make([]rueidis.Completed, len(q.absent))
	for i, group := range q.absent {
		cmds[i] = b.Exists().Key(q.names(group)...).Build()
	}
	for i, reply := range do(ctx, q.client, cmds) {
		there, err := reply.ToInt64()
		if err = explain(err); err != nil && !ofOneKey(err) {
			return err
		}
		if err != nil || there > 0 {
			q.doubtful = append(q.doubtful, q.absent[i]...)
		}
	}
	return nil
}

func (q *query) names(group []int) []string {
	if len(group) == len(q.keys) {
		return q.keys
	}
	names := make([]string, len(group))
	for i, at := range group {
		names[i] = q.keys[at]
	}
	return names
}

// askEach sends a GET for each key.
func (q *query) askEach(ctx context.Context, indices []int) error {
	b := q.client.B()
	cmds := make([]rueidis.Completed, len(indices))
	for i, at := range indices {
		cmds[i] = b.Get().Key(q.keys[at]).Build()
	}
	for i, reply := range q.client.DoMulti(ctx, cmds...) {
		if err := q.got(indices[i], reply); err != nil {
			return err
		}
	}
	return nil
}

// got notes the answer to a GET, unless it is a fault that concerns more than this key.
func (q *query) got(at int, reply rueidis.RedisResult) error {
	value, err := reply.AsBytes()
	if err = explain(err); err != nil && !ofOneKey(err) {
		return err
	}
	q.results[at] = driver.Result{Value: value, Err: err}
	return nil
}

// gotGroup notes the answer to MGET. A server that refuses it because of one of the keys is asked for each.
func (q *query) gotGroup(group []int, mget rueidis.RedisResult) error {
	values, err := mget.ToArray()
	if err = explain(err); err != nil && !ofOneKey(err) {
		return err
	}
	if err != nil || len(values) != len(group) {
		q.doubtful = append(q.doubtful, group...)
		return nil
	}
	var absent []int
	for i, at := range group {
		value, err := values[i].AsBytes()
		if q.results[at] = (driver.Result{Value: value, Err: explain(err)}); err != nil {
			absent = append(absent, at)
		}
	}
	if len(absent) > 0 {
		q.absent = append(q.absent, absent)
	}
	return nil
}
