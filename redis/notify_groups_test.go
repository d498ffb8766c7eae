package redis_test

import (
	"fmt"
	"testing"

	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/redis"
)

// TestNotifyInACluster: what is published on one server is heard on each, and a subscriber who loses his server finds another.
func TestNotifyInACluster(t *testing.T) {
	cluster := redistest.StartCluster(t, 3, 1)
	store := open(t, redis.Options{Addresses: cluster.Addrs(), Cluster: true})
	var keys []string
	for i := range 30 {
		keys = append(keys, fmt.Sprint("key", i))
	}
	h := subscribe(t, store, keys...)
	for _, key := range keys {
		set(t, store, key, "of "+key)
		h.await("of " + key)
	}
	for _, node := range cluster.Nodes() {
		node.MustDo(t, "PUBLISH", "key1", node.Addr())
		h.await(node.Addr())
	}
	_, v, err := store.GetVersion(t.Context(), "key1")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := store.SwapNotify(t.Context(), "key1", v, []byte("swapped"), 0); !ok || err != nil {
		t.Errorf("SwapNotify = %v, %v", ok, err)
	}
	h.await("swapped")

	for _, node := range cluster.Nodes() {
		if node.MustDo(t, "PUBSUB", "NUMSUB", "key1") == "key1\n1" {
			cluster.Failover(t, node)
			break
		}
	}
	h.await(lost)
	for _, key := range keys {
		set(t, store, key, "again "+key)
		h.await("again " + key)
	}
}

// TestNotifyAfterAFailover: the subscription follows the primary.
func TestNotifyAfterAFailover(t *testing.T) {
	s := redistest.StartSentinel(t)
	failovers := []func(testing.TB) *redistest.Server{s.Failover, s.KillPrimary} // after the last one there is no replica
	for i, name := range []string{"asked for", "killed"} {
		t.Run(name, func(t *testing.T) {
			s.WaitReady(t)
			store := open(t, redis.Options{Addresses: s.Addrs(), Master: redistest.MasterName})
			h := subscribe(t, store, "k")
			set(t, store, "k", "before")
			h.await("before")
			primary := failovers[i](t)
			h.await(lost)
			set(t, store, "k", "after "+name)
			h.await("after " + name)
			testproc.Eventually(t, func() error {
				if n := primary.MustDo(t, "PUBSUB", "NUMSUB", "k"); n != "k\n1" {
					return fmt.Errorf("the primary has the subscribers %q", n)
				}
				return nil
			})
			_ = store.Close()
		})
	}
}
