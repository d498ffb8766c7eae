package redis

import (
	"context"
	"slices"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// mgetKeys is how many keys one MGET asks for: its answer is one message, which is in memory as a whole.
const mgetKeys = 1000

// GetMany asks in one round trip to each server.
//
// MGET answers a key of another type as if it were absent, and a fault is not a miss; but a GET for each key takes twice as
// long. So MGET is sent along with an EXISTS of the same keys. If that counts as many as have a value, the others
// are absent. If not, which is rare, they are asked for one by one.
func (s *Store) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	c, err := s.link.client(ctx)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	q := query{client: c.client, keys: keys, results: make([]driver.Result, len(keys))}
	if err := q.ask(ctx, together(c.client, keys)); err != nil {
		return nil, err
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
	doubtful []int // not known to be absent
}

// together groups keys that one command may name.
func together(client rueidis.Client, keys []string) [][]int {
	all := make([]int, len(keys))
	for i := range all {
		all[i] = i
	}
	if client.Mode() != rueidis.ClientModeCluster {
		return slices.Collect(slices.Chunk(all, mgetKeys))
	}
	bySlot := make(map[uint16][]int, len(keys))
	for i, key := range keys {
		slot := slotOf(key)
		bySlot[slot] = append(bySlot[slot], i)
	}
	groups := make([][]int, 0, len(bySlot))
	for _, group := range bySlot {
		groups = slices.AppendSeq(groups, slices.Chunk(group, mgetKeys))
	}
	return groups
}

// ask sends GET for a group of one key, MGET and EXISTS for others.
func (q *query) ask(ctx context.Context, groups [][]int) error {
	b := q.client.B()
	cmds := make([]rueidis.Completed, 0, 2*len(groups))
	for _, group := range groups {
		if len(group) == 1 {
			cmds = append(cmds, b.Get().Key(q.keys[group[0]]).Build())
			continue
		}
		names := q.names(group)
		cmds = append(cmds, b.Mget().Key(names...).Build(), b.Exists().Key(names...).Build())
	}
	replies := q.client.DoMulti(ctx, cmds...)
	for _, group := range groups {
		var err error
		if len(group) == 1 {
			err = q.got(group[0], replies[0])
			replies = replies[1:]
		} else {
			err = q.gotGroup(group, replies[0], replies[1])
			replies = replies[2:]
		}
		if err != nil {
			return err
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

// gotGroup notes the answers to MGET and EXISTS. A server that refuses MGET because of one of the keys, or EXISTS at all, is
// asked for each.
func (q *query) gotGroup(group []int, mget, exists rueidis.RedisResult) error {
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
	there, err := exists.ToInt64()
	if err != nil || int(there) != len(group)-len(absent) {
		q.doubtful = append(q.doubtful, absent...)
	}
	return nil
}
