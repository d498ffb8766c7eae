package clustertest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/redis"
)

// store hides what the suite takes for granted and a cluster does not give: an order of the messages of two channels, and
// transactions on keys that do not say that they belong together. Package redis tests both with keys that do.
type store struct {
	driver.Store
	driver.Batcher
	driver.Adder
	driver.Toucher
	driver.Counter
	driver.Swapper
	driver.Scanner
	driver.Clearer
	driver.Inspector
	driver.Pinger
	driver.Reporter
	driver.Advisor
	driver.Named
	driver.Unwrapper
	driver.Timed
	driver.Watcher
	driver.Leaser
}

var hidden = []drivertest.Capability{drivertest.Notifier, drivertest.Collector, drivertest.Live}

func TestConformance(t *testing.T) { redistest.Each(t, conformance) }

func conformance(t *testing.T, kind redistest.Kind) {
	cluster := redistest.StartCluster(t, 3, 0, redistest.Use(kind))
	open := func(t *testing.T) driver.Store {
		s, err := redis.Open(t.Context(), redis.Options{Addresses: cluster.Addrs()[:2], Cluster: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return store{s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s}
	}
	empty := func(t *testing.T) driver.Store {
		for _, node := range cluster.Nodes() {
			node.MustDo(t, "FLUSHALL")
		}
		return open(t)
	}
	drivertest.Run(t, drivertest.Harness{
		Open:       empty,
		OpenShared: func(t *testing.T) (a, b driver.Store) { return empty(t), open(t) },
		Capabilities: slices.DeleteFunc(drivertest.All(), func(c drivertest.Capability) bool {
			return slices.Contains(hidden, c)
		}),
		Resolution:        redis.Resolution + 20*time.Millisecond,
		VersionsAreValues: true,
		RepeatsKeys:       true,
		Client:            new(rueidis.Client),
	})
}
