package redistest

import (
	"fmt"
	"slices"
	"strings"
)

// part is a range of slots and who serves it, the primary first.
type part struct {
	first, last int
	ids         []string
}

func (p part) has(slot int) bool { return p.first <= slot && slot <= p.last }

// parts is what a node knows of who serves what, in the order of slots; nothing when it does not answer.
func (s *Server) parts() []part {
	reply, _ := s.Query("CLUSTER", "SLOTS")
	ranges, _ := reply.([]any)
	var parts []part
	for _, r := range ranges {
		parts = append(parts, newPart(r.([]any)))
	}
	slices.SortFunc(parts, func(a, b part) int { return a.first - b.first })
	return parts
}

func newPart(reply []any) part {
	p := part{first: int(reply[0].(int64)), last: int(reply[1].(int64))}
	for _, node := range reply[2:] {
		p.ids = append(p.ids, node.([]any)[2].(string)) // address, port, id, …
	}
	slices.Sort(p.ids[1:])
	return p
}

// unready names the first running node that does not see the cluster as it shall be, nothing if all do.
func (c *Cluster) unready() string {
	live := c.live()
	want := live[0].parts()
	if known := ids(want); len(known) != len(live) {
		return fmt.Sprintf("%s knows %d of %d nodes", live[0].Addr(), len(known), len(live))
	}
	for _, node := range live {
		if why := node.unready(want); why != "" {
			return node.Addr() + " " + why
		}
	}
	return ""
}

// unready says what a node lacks. Clients ask any node who serves what, so that all have to agree.
func (s *Server) unready(want []part) string {
	if fmt.Sprint(s.parts()) != fmt.Sprint(want) {
		return "does not agree who serves what"
	}
	info, _ := s.Do("CLUSTER", "INFO")
	if !strings.Contains(info, "cluster_state:ok") {
		return "does not say cluster_state:ok"
	}
	if !s.isPrimary() && !s.linked() {
		return "is not linked with its primary"
	}
	return ""
}

// ids are the nodes of all parts.
func ids(parts []part) map[string]bool {
	known := map[string]bool{}
	for _, p := range parts {
		for _, id := range p.ids {
			known[id] = true
		}
	}
	return known
}

func (s *Server) isPrimary() bool { return s.replication("role:master") }

func (s *Server) linked() bool { return s.replication("master_link_status:up") }

func (s *Server) replication(line string) bool {
	info, _ := s.Do("INFO", "replication")
	return strings.Contains(info, line+"\r\n")
}
