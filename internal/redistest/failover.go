package redistest

import (
	"slices"
	"strconv"
	"testing"

	"github.com/larder-go/larder/internal/testproc"
)

// Slot is the hash slot of a key.
func (c *Cluster) Slot(tb testing.TB, key string) int {
	tb.Helper()
	slot, err := strconv.Atoi(c.live()[0].MustDo(tb, "CLUSTER", "KEYSLOT", key))
	if err != nil {
		tb.Fatal(err)
	}
	return slot
}

// Primary is the node that serves a slot, as the first running node knows it.
func (c *Cluster) Primary(tb testing.TB, slot int) *Server {
	tb.Helper()
	if primary := c.primary(slot); primary != nil {
		return primary
	}
	tb.Fatalf("redistest: cluster: nobody serves slot %d", slot)
	return nil
}

// primary is nil while a slot is handed over.
func (c *Cluster) primary(slot int) *Server {
	for _, p := range c.live()[0].parts() {
		if p.has(slot) {
			return c.byID(p.ids[0])
		}
	}
	return nil
}

// PrimaryOf is the node that serves a key.
func (c *Cluster) PrimaryOf(tb testing.TB, key string) *Server {
	tb.Helper()
	return c.Primary(tb, c.Slot(tb, key))
}

// Replicas are the nodes that follow a primary, as the first running node knows it.
func (c *Cluster) Replicas(primary *Server) []*Server {
	var replicas []*Server
	for _, p := range c.live()[0].parts() {
		if p.ids[0] != c.ids[primary] {
			continue
		}
		for _, id := range p.ids[1:] {
			if s := c.byID(id); !slices.Contains(replicas, s) {
				replicas = append(replicas, s)
			}
		}
	}
	return replicas
}

func (c *Cluster) byID(id string) *Server {
	for node, its := range c.ids {
		if its == id {
			return node
		}
	}
	return nil
}

// Failover kills a primary that has a replica, and returns the replica that took over as soon as all nodes that run
// know of it. That is some 2 s; until then, its slots are not served.
func (c *Cluster) Failover(tb testing.TB, primary *Server) *Server {
	tb.Helper()
	slot := c.slotOf(tb, primary)
	primary.Kill()
	c.WaitReady(tb) // it counts those that run: the killed one has to be forgotten
	return c.Primary(tb, slot)
}

// Handover lets a replica take over from its primary in good order, losing nothing, and returns the replica as soon
// as all nodes know of it. The primary becomes its replica.
func (c *Cluster) Handover(tb testing.TB, primary *Server) *Server {
	tb.Helper()
	slot, replica := c.slotOf(tb, primary), c.Replicas(primary)[0]
	replica.MustDo(tb, "CLUSTER", "FAILOVER")
	err := testproc.Await(settleLimit, func() bool {
		return replica.isPrimary() && c.primary(slot) == replica && c.unready() == ""
	})
	if err != nil {
		tb.Fatalf("redistest: handover: %v: %s", err, c.unready())
	}
	return replica
}

// slotOf is a slot that a primary serves.
func (c *Cluster) slotOf(tb testing.TB, primary *Server) int {
	tb.Helper()
	for _, p := range primary.parts() {
		if p.ids[0] == c.ids[primary] {
			return p.first
		}
	}
	tb.Fatalf("redistest: cluster: %s serves no slot", primary.Addr())
	return 0
}
