package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// checkCluster is for servers that are part of one, and for clients that think so.
func (s *Store) checkCluster(ctx context.Context, client rueidis.Client, servers []sight) (driver.Advice, bool) {
	const subject = "cluster"
	if !s.options.Cluster {
		return warn(subject, "the server is part of a cluster, and answers for its own keys only: use redis+cluster://"),
			servers[0].field("cluster_enabled") == "1"
	}
	info, err := client.Do(ctx, client.B().ClusterInfo().Build()).ToString()
	info = strings.TrimPrefix(info, "txt:") // its kind, in RESP3
	switch {
	case err != nil:
		return warn(subject, fmt.Sprintf("not known: %v", explain(err))), true
	case infoField(info, "cluster_state") != "ok":
		return warn(subject, fmt.Sprintf("state %s, %s of %d slots are served: calls for the others fail (CLUSTERDOWN)",
			infoField(info, "cluster_state"), infoField(info, "cluster_slots_ok"), slots)), true
	}
	return fine(subject, fmt.Sprintf("ok, %d primaries of %s servers", len(servers), infoField(info, "cluster_known_nodes"))), true
}

// checkTracking tries it: the version does not tell whether the user may, nor whether a proxy in between lets it pass.
func (s *Store) checkTracking(ctx context.Context, server sight) driver.Advice {
	const subject = "tracking"
	stop, err := s.watch(ctx, ctx, leasePrefix, func(driver.Event) {})
	if err == nil {
		stop()
		return fine(subject, "the server tells of changes (CLIENT TRACKING)")
	}
	why := strings.Join(strings.Fields(err.Error()), " ")
	if tooOld(server.field("redis_version")) {
		why = server.name() + " is too old, 6.0 can"
	}
	return warn(subject, "near copies are kept for near_ttl only, waiting for another process's load polls, and watch does not work: "+
		why+" (ACL: +client|tracking)")
}

// tooOld tells whether a version is before 6, in which CLIENT TRACKING came.
func tooOld(version string) bool {
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	return err == nil && n < 6
}

// right is a command that a user may be without.
type right struct {
	command rueidis.Completed
	acl     string
	without string // what does not work
}

func rights(b rueidis.Builder) []right {
	return []right{
		{b.Eval().Script("return 1").Numkeys(0).Build(), "+eval", "incr, swaps and loading once for all processes"},
		{b.Arbitrary("EVALSHA", newScript("return 1").sum, "0").Build(), "+evalsha", "incr, swaps and loading once for all processes"},
		{b.Exists().Key(leaseKey("larder")).Build(), "+exists ~" + leasePrefix + "*", "loading once for all processes"},
		{b.Scan().Cursor(0).Count(1).Build(), "+scan", "keys, export, copy and clear --mine"},
	}
}

// checkRights tries the commands that a careful operator forgets.
func checkRights(ctx context.Context, client rueidis.Client) driver.Advice {
	const subject = "rights"
	for _, r := range rights(client.B()) {
		if denied(client.Do(ctx, r.command).Error()) {
			return warn(subject, fmt.Sprintf("the user lacks %s, without which there is no %s", r.acl, r.without))
		}
	}
	return fine(subject, "scripts, scans and leases are allowed")
}
