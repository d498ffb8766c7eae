package redis

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// mgetKeys is how many keys one MGET asks for: its answer is one message, which is in memory as a whole.
const mgetKeys = 1000

// GetMany asks in one round trip to each server, and in a second one for keys without a value. What a server does not answer is the
// failure of its keys; if that is all of them, it is the batch's.
//
// MGET answers a key of another type as if it were absent, and a fault is not a miss; but a GET for each key takes twice as
// long. So EXISTS looks for those that MGET has left out. It rarely finds one, which is then asked for by GET.
func (s *Store) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	c, err := s.client(ctx)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	q := query{client: c, keys: keys, results: make([]driver.Result, len(keys))}
	if c.Mode() == rueidis.ClientModeCluster {
		q.askServers(ctx)
	} else {
		q.askGroups(ctx, slices.Collect(slices.Chunk(q.all(), mgetKeys)))
	}
	return q.results, allFailed(q.results, func(r driver.Result) error { return r.Err })
}

// allFailed returns the fault of a batch of which nothing is known.
func allFailed[R any](results []R, errOf func(R) error) error {
	var last error
	for _, r := range results {
		if last = errOf(r); last == nil || ofOneKey(last) {
			return nil
		}
	}
	return last
}

// query is a GetMany. Keys are known by their index.
type query struct {
	client  rueidis.Client
	keys    []string
	results []driver.Result
}

func (q *query) all() []int {
	all := make([]int, len(q.keys))
	for i := range all {
		all[i] = i
	}
	return all
}

// fewKeys are asked for by GET: MGET is quicker from here on.
const fewKeys = 8

// askServers asks a cluster: in one command for the keys of a slot, if they are many. Those of each slot are on their way by
// themselves, because one who waits for the first answers of all servers has no time left for a second question when one of them is
// frozen.
func (q *query) askServers(ctx context.Context) {
	few, many := q.bySlot()
	var others sync.WaitGroup
	defer others.Wait()
	for i, group := range many {
		if i == len(many)-1 && len(few) == 0 {
			q.askGroups(ctx, [][]int{group})
		} else {
			others.Go(func() { q.askGroups(ctx, [][]int{group}) })
		}
	}
	q.askEach(ctx, few)
}

// bySlot groups keys that one command may name. Where these are few, they need none.
func (q *query) bySlot() (few []int, many [][]int) {
	slots := make([]uint16, len(q.keys))
	for i, key := range q.keys {
		slots[i] = slotOf(key)
	}
	rest := q.all()
	slices.SortFunc(rest, func(i, j int) int { return cmp.Or(cmp.Compare(slots[i], slots[j]), i-j) })
	for len(rest) > 0 {
		n := 1
		for n < min(len(rest), mgetKeys) && slots[rest[n]] == slots[rest[0]] {
			n++
		}
		if n < fewKeys {
			few = append(few, rest[:n]...)
		} else {
			many = append(many, rest[:n])
		}
		rest = rest[n:]
	}
	return few, many
}

// askGroups asks for groups of keys until everything is known of each.
func (q *query) askGroups(ctx context.Context, groups [][]int) {
	absent, doubtful := q.ask(ctx, groups)
	if len(absent) > 0 {
		doubtful = append(doubtful, q.makeSure(ctx, absent)...)
	}
	q.askEach(ctx, doubtful)
}

// ask sends GET for a group of one key, MGET for others. It returns those of each group that MGET has no value of, and those that are
// not known to be absent.
func (q *query) ask(ctx context.Context, groups [][]int) (absent [][]int, doubtful []int) {
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
		group := groups[i]
		if len(group) == 1 {
			q.got(group[0], reply)
			continue
		}
		missing, refused := q.gotGroup(group, reply)
		if len(missing) > 0 {
			absent = append(absent, missing)
		}
		if refused {
			doubtful = append(doubtful, group...)
		}
	}
	return absent, doubtful
}

// makeSure asks whether what MGET has no value of is there all the same. It returns what may be.
func (q *query) makeSure(ctx context.Context, absent [][]int) (doubtful []int) {
	b := q.client.B()
	cmds := make([]rueidis.Completed, len(absent))
	for i, group := range absent {
		cmds[i] = b.Exists().Key(q.names(group)...).Build()
	}
	for i, reply := range do(ctx, q.client, cmds) {
		there, err := reply.ToInt64()
		switch err = explain(err); {
		case err != nil && !ofOneKey(err):
			q.fail(absent[i], err)
		case err != nil || there > 0:
			doubtful = append(doubtful, absent[i]...)
		}
	}
	return doubtful
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
func (q *query) askEach(ctx context.Context, indices []int) {
	if len(indices) == 0 {
		return
	}
	b := q.client.B()
	cmds := make([]rueidis.Completed, len(indices))
	for i, at := range indices {
		cmds[i] = b.Get().Key(q.keys[at]).Build()
	}
	for i, reply := range do(ctx, q.client, cmds) {
		q.got(indices[i], reply)
	}
}

// got notes the answer to a GET.
func (q *query) got(at int, reply rueidis.RedisResult) {
	value, err := reply.AsBytes()
	q.results[at] = driver.Result{Value: value, Err: explain(err)}
}

// gotGroup notes the answer to MGET, and returns the keys that it has no value of. A server that refuses it because of one of the keys is
// asked for each.
func (q *query) gotGroup(group []int, mget rueidis.RedisResult) (absent []int, refused bool) {
	values, err := mget.ToArray()
	if err = explain(err); err != nil && !ofOneKey(err) {
		q.fail(group, err)
		return nil, false
	}
	if err != nil || len(values) != len(group) {
		return nil, true
	}
	for i, at := range group {
		value, err := values[i].AsBytes()
		if q.results[at] = (driver.Result{Value: value, Err: explain(err)}); err != nil {
			absent = append(absent, at)
		}
	}
	return absent, false
}

func (q *query) fail(group []int, err error) {
	for _, at := range group {
		q.results[at] = driver.Result{Err: err}
	}
}
