package redis

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// Advise looks at every primary.
func (s *Store) Advise(ctx context.Context) ([]driver.Advice, error) {
	c, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	servers, err := lookAtAll(ctx, c)
	if err != nil {
		return nil, err
	}
	var all []driver.Advice
	for _, check := range []func(sight) driver.Advice{checkRole, checkMemory, checkPersistence, checkClock} {
		all = append(all, ofAll(servers, check))
	}
	if group, ok := s.checkCluster(ctx, c, servers); ok {
		all = append(all, group)
	}
	return append(all, s.checkTracking(ctx, servers[0]), checkRights(ctx, c)), nil
}

// sight is what was seen of one server.
type sight struct {
	addr  string
	info  string // empty: it may not be asked for
	ahead time.Duration
	clock bool // ahead is known
}

func lookAtAll(ctx context.Context, client rueidis.Client) ([]sight, error) {
	nodes, err := primaries(ctx, client)
	if err != nil {
		return nil, err
	}
	var seen []sight
	for _, addr := range slices.Sorted(maps.Keys(nodes)) {
		s, err := look(ctx, addr, nodes[addr])
		if err != nil {
			return nil, err
		}
		seen = append(seen, s)
	}
	if len(seen) == 0 {
		return []sight{{}}, nil
	}
	return seen, nil
}

// look asks one server. What it refuses stays unknown.
func look(ctx context.Context, addr string, node rueidis.Client) (sight, error) {
	s := sight{addr: addr}
	info, err := node.Do(ctx, node.B().Info().Build()).ToString()
	if err != nil && !isReply(err) {
		return s, explain(err)
	}
	if err == nil {
		s.info = info
	}
	asked := time.Now()
	clock, err := node.Do(ctx, node.B().Time().Build()).AsIntSlice()
	if err != nil && !isReply(err) {
		return s, explain(err)
	}
	if s.clock = err == nil && len(clock) == 2; s.clock {
		between := asked.Add(time.Since(asked) / 2)
		s.ahead = time.Unix(clock[0], clock[1]*1000).Sub(between)
	}
	return s, nil
}

// ofAll is the check of the first server that is not fine, else of the first.
func ofAll(servers []sight, check func(sight) driver.Advice) driver.Advice {
	for _, s := range servers {
		if a := check(s); !a.Fine {
			if len(servers) > 1 {
				a.Text = s.addr + ": " + a.Text
			}
			return a
		}
	}
	return check(servers[0])
}

func fine(subject, text string) driver.Advice {
	return driver.Advice{Subject: subject, Fine: true, Text: text}
}

func warn(subject, text string) driver.Advice {
	return driver.Advice{Subject: subject, Text: text}
}

// field is one line of INFO.
func (s sight) field(name string) string { return infoField(s.info, name) }

// name is the program and its version.
func (s sight) name() string {
	if v := s.field("valkey_version"); v != "" {
		return "Valkey " + v
	}
	return "Redis " + cmp.Or(s.field("redis_version"), "of an unknown version")
}
