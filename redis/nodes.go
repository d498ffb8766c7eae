package redis

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

// primaries returns a client for each server that holds keys of its own, by its address.
func primaries(ctx context.Context, client rueidis.Client) (map[string]rueidis.Client, error) {
	nodes := client.Nodes()
	if client.Mode() != rueidis.ClientModeCluster {
		return nodes, nil
	}
	ranges, err := client.Do(ctx, client.B().ClusterSlots().Build()).ToArray()
	if err != nil {
		return nil, explain(err)
	}
	found := map[string]rueidis.Client{}
	for _, r := range ranges {
		host, port, err := primaryOf(r)
		if err != nil {
			return nil, err
		}
		addr := addressOf(nodes, host, port)
		if addr == "" {
			return nil, fmt.Errorf("the cluster is changing: there is no connection to its server %s yet", net.JoinHostPort(host, port))
		}
		found[addr] = nodes[addr]
	}
	return found, nil
}

// primaryOf reads one range of CLUSTER SLOTS: first slot, last slot, primary, replicas. A server is its host, port and more.
func primaryOf(r rueidis.RedisMessage) (host, port string, err error) {
	fields, err := r.ToArray()
	if err != nil || len(fields) < 3 {
		return "", "", errReply
	}
	server, err := fields[2].ToArray()
	if err != nil || len(server) < 2 {
		return "", "", errReply
	}
	host, _ = server[0].ToString() // null: whoever was asked
	n, err := server[1].ToInt64()
	return host, strconv.FormatInt(n, 10), err
}

// addressOf returns the address under which a server is known. One that does not know its own name is known by its port.
func addressOf(nodes map[string]rueidis.Client, host, port string) string {
	if addr := net.JoinHostPort(host, port); nodes[addr] != nil || host != "" {
		if nodes[addr] == nil {
			return ""
		}
		return addr
	}
	for addr := range nodes {
		if strings.HasSuffix(addr, ":"+port) {
			return addr
		}
	}
	return ""
}
