package redistest

import (
	"strconv"
	"testing"
)

// MigrateSlot moves a slot with its keys to another primary. A client that does not know it yet gets MOVED.
func (c *Cluster) MigrateSlot(tb testing.TB, slot int, to *Server) {
	tb.Helper()
	from := c.Primary(tb, slot)
	c.BeginMigration(tb, slot, to)
	for _, key := range from.keysOf(tb, slot) {
		c.MigrateKey(tb, key, to)
	}
	c.EndMigration(tb, slot, to)
}

// BeginMigration opens a slot: its primary goes on to serve the keys that it has, and answers ASK for others, which
// the new one serves to who says ASKING. A command on keys of which some have moved gets TRYAGAIN.
func (c *Cluster) BeginMigration(tb testing.TB, slot int, to *Server) {
	tb.Helper()
	from, number := c.Primary(tb, slot), strconv.Itoa(slot)
	to.MustDo(tb, "CLUSTER", "SETSLOT", number, "IMPORTING", c.ids[from])
	from.MustDo(tb, "CLUSTER", "SETSLOT", number, "MIGRATING", c.ids[to])
}

// MigrateKey moves one key of an open slot.
func (c *Cluster) MigrateKey(tb testing.TB, key string, to *Server) {
	tb.Helper()
	c.PrimaryOf(tb, key).MustDo(tb, "MIGRATE", "127.0.0.1", strconv.Itoa(to.port), "", "0", "5000",
		"AUTH2", admin, to.secret, "KEYS", key)
}

// EndMigration gives the slot to its new primary, and returns when all nodes know of it.
func (c *Cluster) EndMigration(tb testing.TB, slot int, to *Server) {
	tb.Helper()
	// The new one has to know first: a slot whose old primary knows, and the new one does not, is nobody's.
	for _, node := range append([]*Server{to}, c.live()...) {
		if node.isPrimary() {
			node.MustDo(tb, "CLUSTER", "SETSLOT", strconv.Itoa(slot), "NODE", c.ids[to])
		}
	}
	c.WaitReady(tb)
}

// keysOf lists the keys that a node has in a slot.
func (s *Server) keysOf(tb testing.TB, slot int) []string {
	tb.Helper()
	reply, err := s.Query("CLUSTER", "GETKEYSINSLOT", strconv.Itoa(slot), "1000000")
	if err != nil {
		tb.Fatal(err)
	}
	var keys []string
	for _, key := range reply.([]any) {
		keys = append(keys, key.(string))
	}
	return keys
}
