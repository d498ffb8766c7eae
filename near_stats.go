package larder

import (
	"context"
	"time"
)

// countNear counts a read that a copy has answered.
func (c *Cache) countNear(err error) {
	if err == nil {
		c.engine.near.stats.hits.Add(1)
	} else {
		c.stats.misses.Add(1) // of which the copy knows; the engine was not asked
	}
}

// nearCounters are what a near copy counts.
type nearCounters struct {
	hits          striped
	invalidations padded
	gaps          padded
}

func (n *near) counted() NearStats {
	return NearStats{n.stats.hits.Load(), n.stats.invalidations.Load(), n.stats.gaps.Load(), n.age()}
}

// age is that of what was last told, 0 where nothing is told.
func (n *near) age() time.Duration {
	if until := n.until.Load(); until != never && until != always {
		return time.Since(n.start) - time.Duration(until)
	}
	return 0
}

// report tells what the near copy knows of itself.
func (n *near) report(ctx context.Context) []Fact {
	s := n.counted()
	facts := []Fact{{Name: "near", Value: n.state()}, {Name: "near_hits", Value: s.Hits}}
	if n.unwatched.Load() {
		facts = append(facts, Fact{Name: "near_ttl", Value: n.ttl})
	} else {
		facts = append(facts, Fact{Name: "near_invalidations", Value: s.Invalidations},
			Fact{Name: "near_flushes", Value: s.Flushes}, Fact{Name: "near_heartbeat_age", Value: s.Age})
	}
	own, _ := n.copies.Report(ctx)
	for _, f := range own {
		facts = append(facts, Fact{Name: "near_" + f.Name, Value: f.Value})
	}
	return facts
}

// state says in a word whether copies are used.
func (n *near) state() string {
	switch {
	case n.unwatched.Load():
		return "by time"
	case n.usable(n.now()):
		return "watched"
	}
	return "off"
}
