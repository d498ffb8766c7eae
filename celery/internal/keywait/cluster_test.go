package keywait_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/redis"
)

// TestFrozenClusterNode is TestFrozenMemcached with a cluster: once the frozen server is the one that publishes to the
// Waiter, once another.
func TestFrozenClusterNode(t *testing.T) {
	for name, publishes := range map[string]bool{"it publishes": true, "another publishes": false} {
		t.Run(name, func(t *testing.T) {
			cluster := redistest.StartCluster(t, 3, 0, redistest.Config("cluster-require-full-coverage no"))
			opened, err := redis.Open(t.Context(), redis.Options{Addresses: cluster.Addrs(), Cluster: true})
			store := enginetest.Closing(t, opened, err)
			w := start(t, store, keywait.Options{Reread: time.Hour})
			watch(t, w, "end", "nothing")
			testproc.Eventually(t, func() error {
				_, subscribed := w.Waiting()
				return none("keys that are not subscribed to", 1-subscribed)
			})
			frozen := pick(t, cluster, func(node *redistest.Server) bool {
				return (node.MustDo(t, "PUBSUB", "NUMSUB", "nothing") == "nothing\n1") == publishes
			})
			freezeNode(t, store, w, cluster, frozen)
		})
	}
}

func pick(t *testing.T, cluster *redistest.Cluster, is func(*redistest.Server) bool) *redistest.Server {
	for _, node := range cluster.Nodes() {
		if is(node) {
			return node
		}
	}
	t.Fatal("no such server")
	return nil
}

func freezeNode(t *testing.T, store driver.Store, w *keywait.Waiter, cluster *redistest.Cluster, frozen *redistest.Server) {
	const values = 8
	var on [2][]string // the keys of the healthy servers, and of the other
	for i := 0; len(on[0]) <= 2*values || len(on[1]) < 2*values; i++ {
		key, at := fmt.Sprint("key", i), 0
		if cluster.PrimaryOf(t, key) == frozen {
			at = 1
		}
		put(t, store, key, "1")
		on[at] = append(on[at], key)
	}
	run := func(healthy, other []string) time.Duration {
		began := time.Now()
		for i, key := range healthy {
			watch(t, w, "end", other[i])
			h := watch(t, w, "end", key)
			h.expect(key + "=1")
			put(t, store, key, "end")
			h.expect(key + "=end")
			h.done()
		}
		return time.Since(began)
	}
	control := run(on[0][:values], on[1][:values])
	long := on[0][2*values]
	before := watch(t, w, "end", long)
	before.expect(long + "=1")
	frozen.Freeze(t)
	defer frozen.Thaw(t)
	took := run(on[0][values:2*values], on[1][values:2*values])
	put(t, store, long, "end")
	before.expect(long + "=end") // which nobody may have published to the Waiter
	before.done()
	t.Logf("%d values: %v, and %v while all were well", values, took, control)
	if took > 3*control+3*time.Second {
		t.Error("that is too long")
	}
}
