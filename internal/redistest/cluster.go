package redistest

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/larder-go/larder/internal/testproc"
)

// Slots is how many hash slots a cluster has.
const Slots = 16384

// settleLimit is how long a cluster or the sentinels may take to agree. It is seconds on an idle machine.
const settleLimit = 30 * time.Second

// clusterLines let a cluster notice soon that a node is gone.
var clusterLines = []string{"cluster-node-timeout 1000", "repl-diskless-sync-delay 0", "repl-ping-replica-period 1"}

// Cluster is a cluster of servers, all of which can be looked at and killed one by one.
type Cluster struct {
	nodes []*Server
	ids   map[*Server]string
}

// StartCluster starts a cluster with the slots in equal parts on its primaries, and returns when every node knows
// that all is well and every replica follows its primary.
func StartCluster(tb testing.TB, primaries, replicasEach int, opts ...Option) *Cluster {
	tb.Helper()
	o := collect(append([]Option{clusterNode}, opts...))
	c := &Cluster{nodes: startMany(tb, primaries*(1+replicasEach), o), ids: map[*Server]string{}}
	if err := c.form(primaries); err != nil {
		tb.Fatalf("redistest: cluster: %v\n%s", err, c.nodes[0].Log())
	}
	return c
}

func clusterNode(o *options) {
	o.clusterNodes = true
	o.lines = append(o.lines, clusterLines...)
}

// form makes a cluster of nodes that know nothing of each other; the first ones become primaries.
func (c *Cluster) form(primaries int) error {
	for i, node := range c.nodes {
		id, err := node.Do("CLUSTER", "MYID")
		if err != nil {
			return err
		}
		c.ids[node] = id
		if err := c.introduce(node, i); err != nil {
			return err
		}
	}
	for i, node := range c.nodes[:primaries] {
		if err := assign(node, i*Slots/primaries, (i+1)*Slots/primaries-1); err != nil {
			return err
		}
	}
	for i, node := range c.nodes[primaries:] {
		if err := c.follow(node, c.nodes[i%primaries]); err != nil {
			return err
		}
	}
	return c.waitReady()
}

// introduce gives a node an epoch of its own, as redis-cli does, so that nodes need not find out who yields, and
// makes it known to all that came before: gossip would do it too, but takes seconds.
func (c *Cluster) introduce(node *Server, index int) error {
	if _, err := node.Do("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(index+1)); err != nil {
		return err
	}
	for _, other := range c.nodes[:index] {
		_, err := node.Do("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(other.port), strconv.Itoa(other.bus))
		if err != nil {
			return err
		}
	}
	return nil
}

func assign(node *Server, first, last int) error {
	_, err := node.Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last))
	return err
}

// follow makes a node a replica, as soon as it has heard of its primary.
func (c *Cluster) follow(replica, primary *Server) error {
	var last error
	err := testproc.Await(settleLimit, func() bool {
		_, last = replica.Do("CLUSTER", "REPLICATE", c.ids[primary])
		return last == nil
	})
	if err != nil {
		return fmt.Errorf("replica %s: %w", replica.Addr(), last)
	}
	return nil
}

// WaitReady returns when every node that runs knows that all is well: call it after a node's Restart.
func (c *Cluster) WaitReady(tb testing.TB) {
	tb.Helper()
	if err := c.waitReady(); err != nil {
		tb.Fatalf("redistest: cluster: %v", err)
	}
}

func (c *Cluster) waitReady() error {
	var why string
	err := testproc.Await(settleLimit, func() bool {
		why = c.unready()
		return why == ""
	})
	if err != nil {
		return fmt.Errorf("%w: %s", err, why)
	}
	return nil
}

func (c *Cluster) live() []*Server { return running(c.nodes) }

// Nodes are all the servers, those that were primaries at the start first.
func (c *Cluster) Nodes() []*Server { return c.nodes }

// Addrs are the addresses of all nodes, in the order of Nodes.
func (c *Cluster) Addrs() []string { return addrs(c.nodes) }
