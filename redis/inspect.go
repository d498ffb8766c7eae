package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// Inspect asks for lifetime and length. A server that evicts what is used least takes the question for the length as a use:
// there is no other that all versions know.
func (s *Store) Inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	c, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	b := c.B()
	cmds := make([]rueidis.Completed, 0, 2*len(keys))
	for _, key := range keys {
		cmds = append(cmds, b.Pttl().Key(key).Build(), b.Strlen().Key(key).Build())
	}
	replies := c.DoMulti(ctx, cmds...)
	infos := make(map[string]driver.EntryInfo, len(keys))
	for i, key := range keys {
		info, there, err := entryInfo(replies[2*i], replies[2*i+1])
		if err != nil {
			return nil, explain(err)
		}
		if there {
			infos[key] = info
		}
	}
	return infos, nil
}

// entryInfo reads the answers to PTTL (-2: absent, -1: without end) and STRLEN (an error for other types than strings).
func entryInfo(pttl, strlen rueidis.RedisResult) (info driver.EntryInfo, there bool, err error) {
	left, err := pttl.ToInt64()
	if err != nil || left == -2 {
		return info, false, err
	}
	if left >= 0 {
		info.TTL = max(time.Duration(left)*time.Millisecond, 1) // what is about to end has an end
	}
	size, err := strlen.ToInt64()
	if isReply(err) {
		size, err = -1, nil
	}
	info.Size = int(size)
	return info, true, err
}
