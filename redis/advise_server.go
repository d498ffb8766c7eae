package redis

import (
	"fmt"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
)

const noInfo = "not known: the user may not ask for INFO (ACL: +info)"

// checkRole: a client that was given the address of a replica can read, and is surprised later.
func checkRole(s sight) driver.Advice {
	const subject = "role"
	switch s.field("role") {
	case "":
		return warn(subject, noInfo)
	case "master":
		return fine(subject, fmt.Sprintf("%s, a primary with %s replicas", s.name(), s.field("connected_slaves")))
	}
	return warn(subject, fmt.Sprintf("a replica of %s:%s, where writes fail (READONLY): name the primary in the URL, or use "+
		"redis+sentinel://, which finds it", s.field("master_host"), s.field("master_port")))
}

// policies says what follows from evicting ones.
var policies = map[string]string{
	"volatile-ttl": "it evicts what ends soonest: first of all leases, which have 3 seconds, so that several processes load one cold key; " +
		"allkeys-lru suits a cache alone",
	"volatile": "it evicts entries before the end of their lifetime, locks and counters that have one too, and writes fail when only entries " +
		"without one are left; allkeys-lru suits a cache alone",
	"allkeys": "it evicts any entry at any time, which suits a cache alone: counters, locks (add) and other programs' data may vanish",
}

// checkMemory: what a full server does.
func checkMemory(s sight) driver.Advice {
	const subject = "memory policy"
	limit, policy := s.field("maxmemory"), s.field("maxmemory_policy")
	state := fmt.Sprintf("maxmemory %s (%s used), %s: ", s.field("maxmemory_human"), s.field("used_memory_human"), policy)
	kind, _, _ := strings.Cut(policy, "-")
	switch {
	case s.info == "":
		return warn(subject, noInfo)
	case limit == "0" || limit == "":
		return fine(subject, "no maxmemory: nothing is evicted")
	case policies[policy] != "":
		return warn(subject, state+policies[policy])
	case policies[kind] != "":
		return warn(subject, state+policies[kind])
	}
	return warn(subject, state+"when that is full, every write fails (OOM): raise it, or let a server that is a cache alone evict (allkeys-lru)")
}

// checkPersistence: a server that cannot save refuses to write.
func checkPersistence(s sight) driver.Advice {
	const subject = "persistence"
	switch {
	case s.info == "":
		return warn(subject, noInfo)
	case s.field("rdb_last_bgsave_status") == "err":
		return warn(subject, "the last snapshot failed: writes are refused (MISCONF) unless stop-writes-on-bgsave-error is off; "+
			"the server's log says why, mostly a full disk")
	case s.field("aof_last_write_status") == "err":
		return warn(subject, "the append-only file cannot be written: writes are refused (MISCONF); the server's log says why, mostly a full disk")
	case s.field("aof_enabled") == "1":
		return fine(subject, "append-only file: a crash loses what appendfsync allows, a second of writes by default")
	}
	return fine(subject, "no append-only file: a crash loses what was written since the last snapshot, which a cache can bear, and counters may not")
}

// checkClock: lifetimes are counted by the server alone, moments are not.
func checkClock(s sight) driver.Advice {
	const subject = "clock"
	ahead := s.ahead.Round(time.Millisecond)
	switch {
	case !s.clock:
		return fine(subject, "not known: the user may not ask for TIME (ACL: +time)")
	case ahead.Abs() <= time.Second:
		return fine(subject, fmt.Sprintf("the server's differs by %v", ahead.Abs()))
	case ahead > 0:
		return warn(subject, fmt.Sprintf("this machine's is %v behind the server's: set both by a time service", ahead))
	}
	return warn(subject, fmt.Sprintf("this machine's is %v ahead of the server's: set both by a time service", -ahead))
}
