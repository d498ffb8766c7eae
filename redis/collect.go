package redis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// Collect is one transaction of the commands that Celery sends, in their order.
func (s *Store) Collect(
	ctx context.Context, c driver.Collection, position float64, member []byte, ttl time.Duration,
) (driver.Collected, error) {
	if math.IsNaN(position) {
		return driver.Collected{}, errors.New("a position is a number")
	}
	replies, err := s.transaction(ctx, c, func(b rueidis.Builder) []rueidis.Completed {
		return append(collectCommands(b, c, position, text(ctx, member)), expireCommands(b, c, ttl)...)
	})
	if err != nil {
		return driver.Collected{}, err
	}
	return collected(replies)
}

func collectCommands(b rueidis.Builder, c driver.Collection, position float64, member string) []rueidis.Completed {
	cmds := make([]rueidis.Completed, 0, 9)
	if c.Appended {
		cmds = append(cmds, b.Rpush().Key(c.Members).Element(member).Build(), b.Llen().Key(c.Members).Build())
	} else {
		cmds = append(cmds, b.Arbitrary("ZADD").Keys(c.Members).Args(score(position), member).Build(),
			b.Zcount().Key(c.Members).Min("-inf").Max("+inf").Build())
	}
	return append(cmds, b.Get().Key(c.Counts[0]).Build(), b.Get().Key(c.Counts[1]).Build())
}

// score is a position as Redis reads it and Celery writes it.
func score(position float64) string {
	switch {
	case math.IsInf(position, 1):
		return "+inf"
	case math.IsInf(position, -1):
		return "-inf"
	}
	return strconv.FormatFloat(position, 'g', -1, 64)
}

// expireCommands is EXPIRE, as Celery has it, for a whole number of seconds, and PEXPIRE for what is no lifetime of Celery's.
func expireCommands(b rueidis.Builder, c driver.Collection, ttl time.Duration) []rueidis.Completed {
	if ttl == 0 {
		return nil
	}
	cmds := make([]rueidis.Completed, 0, 3)
	for _, key := range keysOf(c) {
		if ttl%time.Second == 0 {
			cmds = append(cmds, b.Expire().Key(key).Seconds(int64(ttl/time.Second)).Build())
		} else {
			cmds = append(cmds, b.Pexpire().Key(key).Milliseconds(milliseconds(ttl)).Build())
		}
	}
	return cmds
}

func keysOf(c driver.Collection) []string { return []string{c.Members, c.Counts[0], c.Counts[1]} }

// collected reads the answers to the first four commands of Collect.
func collected(replies []rueidis.RedisMessage) (driver.Collected, error) {
	if len(replies) < 4 {
		return driver.Collected{}, errReply
	}
	if err := replies[0].Error(); err != nil {
		return driver.Collected{}, explainKind(err)
	}
	n, err := replies[1].ToInt64()
	if err != nil {
		return driver.Collected{}, explainKind(err)
	}
	result := driver.Collected{Members: int(n)}
	for i := range result.Counts {
		result.Counts[i], err = replies[2+i].AsBytes()
		if err != nil && !rueidis.IsRedisNil(err) {
			return driver.Collected{}, explain(err)
		}
	}
	return result, nil
}

// explainKind is explain for the key of the members.
func explainKind(err error) error {
	if err = explain(err); errors.Is(err, driver.ErrCodec) {
		return errKind
	}
	return err
}

var errKind = fmt.Errorf("%w: the key holds another type of Redis than a collection of this kind", driver.ErrCodec)

// Members returns the members in their order.
func (s *Store) Members(ctx context.Context, c driver.Collection) ([][]byte, error) {
	conn, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	cmd := conn.B().Zrange().Key(c.Members).Min("0").Max("-1").Build()
	if c.Appended {
		cmd = conn.B().Lrange().Key(c.Members).Start(0).Stop(-1).Build()
	}
	replies, err := conn.Do(ctx, cmd).ToArray()
	if err != nil {
		return nil, explainKind(err)
	}
	members := make([][]byte, len(replies))
	for i := range replies {
		if members[i], err = replies[i].AsBytes(); err != nil {
			return nil, explain(err)
		}
	}
	return members, nil
}

// Drop is DEL and not UNLINK, as Celery has it.
func (s *Store) Drop(ctx context.Context, c driver.Collection) error {
	replies, err := s.transaction(ctx, c, func(b rueidis.Builder) []rueidis.Completed {
		cmds := make([]rueidis.Completed, 0, 3)
		for _, key := range keysOf(c) {
			cmds = append(cmds, b.Del().Key(key).Build())
		}
		return cmds
	})
	for i := 0; err == nil && i < len(replies); i++ {
		err = explain(replies[i].Error())
	}
	return err
}

// errSlots: Celery's keys of one group are in three slots, and Celery does not know clusters.
var errSlots = fmt.Errorf("%w: the keys of this collection are in different slots of the cluster, which has no transactions across slots: "+
	"give them one hash tag, as in {group}.j", errors.ErrUnsupported)

// transaction runs the commands between MULTI and EXEC, and returns what EXEC answers: one reply for each. rueidis writes
// them in one piece, so that no other call's command comes in between, and never repeats them.
func (s *Store) transaction(
	ctx context.Context, c driver.Collection, commands func(rueidis.Builder) []rueidis.Completed,
) ([]rueidis.RedisMessage, error) {
	conn, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if conn.Mode() == rueidis.ClientModeCluster && !oneSlot(c) {
		return nil, errSlots
	}
	b := conn.B()
	cmds := append([]rueidis.Completed{b.Multi().Build()}, commands(b)...)
	replies := conn.DoMulti(ctx, append(cmds, b.Exec().Build())...)
	for _, queued := range replies[:len(replies)-1] { // says why, where EXEC says only that
		if err := queued.Error(); err != nil {
			return nil, explain(err)
		}
	}
	answers, err := replies[len(replies)-1].ToArray()
	if err == nil && len(answers) != len(cmds)-1 {
		err = errReply
	}
	return answers, explain(err)
}

func oneSlot(c driver.Collection) bool {
	slot := slotOf(c.Members)
	return slot == slotOf(c.Counts[0]) && slot == slotOf(c.Counts[1])
}
