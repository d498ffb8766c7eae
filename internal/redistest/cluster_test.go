package redistest

import (
	"strings"
	"testing"
	"time"
)

func TestCluster(t *testing.T) {
	Each(t, func(t *testing.T, kind Kind) {
		t.Parallel()
		began := time.Now()
		c := StartCluster(t, 3, 1, Use(kind))
		t.Logf("%d nodes after %v", len(c.Addrs()), time.Since(began))
		old := c.PrimaryOf(t, "key")
		old.MustDo(t, "SET", "key", "value")

		replica := c.Handover(t, old)
		if got := replica.MustDo(t, "GET", "key"); got != "value" || replica == old {
			t.Errorf("after the handover: %q", got)
		}
		took := time.Now()
		if got := c.Failover(t, replica); got != old {
			t.Errorf("%s took over, not %s", got.Addr(), old.Addr())
		}
		t.Logf("failover in %v", time.Since(took))
		replica.Restart(t)
		c.WaitReady(t)
		if got := c.Replicas(old); len(got) != 1 || got[0] != replica {
			t.Errorf("the node that came back is not a replica: %v", got)
		}
	})
}

func TestClusterMigration(t *testing.T) {
	t.Parallel()
	c := StartCluster(t, 3, 0)
	slot, from := c.Slot(t, "{a}1"), c.PrimaryOf(t, "{a}1")
	to := c.Primary(t, (slot+Slots/2)%Slots)
	from.MustDo(t, "MSET", "{a}1", "1", "{a}2", "2")

	c.BeginMigration(t, slot, to)
	c.MigrateKey(t, "{a}1", to)
	refusal(t, from, "ASK", "GET", "{a}1")
	refusal(t, from, "TRYAGAIN", "MGET", "{a}1", "{a}2")
	c.MigrateKey(t, "{a}2", to)
	c.EndMigration(t, slot, to)
	refusal(t, from, "MOVED", "GET", "{a}1")
	if got := to.MustDo(t, "MGET", "{a}1", "{a}2"); got != "1\n2" {
		t.Errorf("after the migration: %q", got)
	}
	c.MigrateSlot(t, slot, from)
	if got := from.MustDo(t, "MGET", "{a}1", "{a}2"); got != "1\n2" {
		t.Errorf("after the way back: %q", got)
	}
}

func refusal(t *testing.T, s *Server, want string, args ...string) {
	t.Helper()
	if _, err := s.Do(args...); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%q: %v, want %s", args, err, want)
	}
}

func TestClusterSecured(t *testing.T) {
	t.Parallel()
	c := StartCluster(t, 3, 1, TLS(true), Password("secret"))
	c.PrimaryOf(t, "key").MustDo(t, "SET", "key", "value")
	c.MigrateSlot(t, c.Slot(t, "key"), c.Primary(t, (c.Slot(t, "key")+Slots/2)%Slots))
	if got := c.PrimaryOf(t, "key").MustDo(t, "GET", "key"); got != "value" {
		t.Errorf("GET: %q", got)
	}
}
