package redis

import "github.com/redis/rueidis"

// leasePrefix begins the keys that hold leases.
const leasePrefix = "larder:lease:"

// invalidated is told by the server which leases have changed; nil: all may have.
func (s *Store) invalidated(keys []rueidis.RedisMessage) {}
