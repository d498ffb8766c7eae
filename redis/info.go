package redis

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// Ping makes a round trip to a server and tells what is there. What a user may not ask for is left out.
func (s *Store) Ping(ctx context.Context) (driver.Server, error) {
	c, err := s.client(ctx)
	if err != nil {
		return driver.Server{}, err
	}
	if err := c.Do(ctx, c.B().Ping().Build()).Error(); err != nil && !denied(err) {
		return driver.Server{}, explain(err)
	}
	servers, err := infos(ctx, c)
	if err != nil {
		return driver.Server{}, err
	}
	name, version := servers.product()
	resp, err := protocol(ctx, c)
	if err != nil {
		return driver.Server{}, err
	}
	tells, err := s.tells(ctx, resp)
	if err != nil {
		return driver.Server{}, err
	}
	notes := []driver.Fact{
		{Name: "mode", Value: string(c.Mode())},
		{Name: "resp", Value: resp},
		{Name: "tracking", Value: tells},
		{Name: "primary", Value: strings.Join(slices.Sorted(maps.Keys(servers)), ", ")},
		{Name: "primaries", Value: int64(len(servers))},
		{Name: "db", Value: int64(s.options.DB)},
		{Name: "tls", Value: s.options.TLS != nil},
	}
	notes = append(notes, servers.sum("replicas", "connected_slaves")...)
	return driver.Server{Version: name + version, Notes: append(notes, servers.text("maxmemory_policy")...)}, nil
}

// protocol returns the version of RESP that is spoken.
func protocol(ctx context.Context, client rueidis.Client) (int64, error) {
	hello, err := client.Do(ctx, client.B().Arbitrary("HELLO").Build()).AsMap()
	if isReply(err) { // too old to know the command, or it has been taken away
		return 2, nil
	}
	proto := hello["proto"]
	n, _ := proto.AsInt64()
	return n, explain(err)
}

// tells tries whether the server tells of changes, unless it is known.
func (s *Store) tells(ctx context.Context, resp int64) (bool, error) {
	if s.leases.live() || resp < 3 {
		return s.leases.live(), nil
	}
	stop, err := s.watch(ctx, ctx, leasePrefix, func(driver.Event) {})
	if err != nil {
		return false, first(ctx.Err(), s.orClosed())
	}
	stop()
	return true, nil
}

// report is what servers tell of themselves, by their addresses; empty where it may not be asked for.
type report map[string]string

// infos asks every primary.
func infos(ctx context.Context, client rueidis.Client) (report, error) {
	nodes, err := primaries(ctx, client)
	if err != nil {
		return nil, err
	}
	servers := report{}
	for addr, node := range nodes {
		info, err := node.Do(ctx, node.B().Info().Build()).ToString()
		if err != nil && !isReply(err) {
			return nil, explain(err)
		}
		servers[addr] = info
	}
	return servers, nil
}

// product returns the name and the version of the first server that tells.
func (r report) product() (name, version string) {
	for _, info := range r {
		if v := infoField(info, "valkey_version"); v != "" {
			return "Valkey ", v
		}
		if v := infoField(info, "redis_version"); v != "" {
			return "Redis ", v
		}
	}
	return "Redis", ""
}

// sum returns the sum of a number, under another name; nothing if no server tells.
func (r report) sum(name, field string) []driver.Fact {
	total, told := int64(0), false
	for _, info := range r {
		if n, err := strconv.ParseInt(infoField(info, field), 10, 64); err == nil {
			total, told = total+n, true
		}
	}
	if !told {
		return nil
	}
	return []driver.Fact{{Name: name, Value: total}}
}

// text returns a word that servers have in common, or all of theirs.
func (r report) text(field string) []driver.Fact {
	var all []string
	for _, info := range r {
		if v := infoField(info, field); v != "" && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	return []driver.Fact{{Name: field, Value: strings.Join(all, ", ")}}
}

// Report adds up what the primaries tell of themselves. Only the number of entries is of this database alone; what a user may
// not ask for is left out.
func (s *Store) Report(ctx context.Context) ([]driver.Fact, error) {
	c, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	servers, err := infos(ctx, c)
	if err != nil {
		return nil, err
	}
	facts, err := entries(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, f := range reported {
		facts = append(facts, servers.sum(f.name, f.field)...)
	}
	return facts, nil
}

// reported are numbers of INFO, and what they are called here.
var reported = []struct{ name, field string }{
	{"bytes", "used_memory"},
	{"max_bytes", "maxmemory"},
	{"evictions", "evicted_keys"},
	{"expired", "expired_keys"},
	{"server_hits", "keyspace_hits"},
	{"server_misses", "keyspace_misses"},
	{"connections", "connected_clients"},
	{"ops_per_second", "instantaneous_ops_per_sec"},
}

// entries counts the keys of the database.
func entries(ctx context.Context, client rueidis.Client) ([]driver.Fact, error) {
	nodes, err := primaries(ctx, client)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for _, node := range nodes {
		n, err := node.Do(ctx, node.B().Dbsize().Build()).ToInt64()
		if isReply(err) {
			return nil, nil
		}
		if err != nil {
			return nil, explain(err)
		}
		total += n
	}
	return []driver.Fact{{Name: "entries", Value: total}}, nil
}

// infoField returns one line of what INFO tells.
func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
