package redis

import (
	"context"
	"strconv"

	"github.com/redis/rueidis"
)

// maxValue is the size of the largest string of Redis.
const maxValue = 512 << 20

// fits tells whether the server takes a value of this size. It hangs up on who sends more, and with him on everybody who has calls on the
// same connection: so that is not sent.
func (s *Store) fits(value []byte) bool { return int64(len(value)) <= s.largest.Load() }

// learnLimit asks for proto-max-bulk-len, which somebody may have lowered. Who may not ask takes it to be as it comes. A limit that is
// lowered afterwards is not heard of.
func (s *Store) learnLimit(client rueidis.Client) {
	const name = "proto-max-bulk-len"
	ctx, cancel := context.WithTimeout(s.life, s.link.Timeout)
	defer cancel()
	nodes, err := primaries(ctx, client)
	if err != nil {
		return
	}
	largest := int64(maxValue)
	for _, node := range nodes {
		settings, err := node.Do(ctx, node.B().ConfigGet().Parameter(name).Build()).AsStrMap()
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(settings[name], 10, 64); err == nil && n > 0 {
			largest = min(largest, n)
		}
	}
	s.largest.Store(largest)
}
