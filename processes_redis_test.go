//go:build unix

package larder_test

import (
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/internal/redistest"
	_ "github.com/larder-go/larder/redis"
)

// onRedis runs a test where processes hear of each other's leases in different ways: told by the server, asking it, and in a Cluster.
func onRedis(t *testing.T, run func(t *testing.T, url string)) {
	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
		use := redistest.Use(kind)
		t.Run("tracking", func(t *testing.T) { run(t, redistest.Start(t, use).URL(0)) })
		t.Run("polling", func(t *testing.T) {
			run(t, redistest.Start(t, use, redistest.Config(`rename-command CLIENT ""`)).URL(0))
		})
		t.Run("cluster", func(t *testing.T) { run(t, redistest.StartCluster(t, 3, 0, use).URL()) })
	})
}

// TestLinearizableOnRedis: two caches of one process, with connections of their own.
func TestLinearizableOnRedis(t *testing.T) {
	onRedis(t, func(t *testing.T, url string) {
		a, b := openCache(t, url, quiet()), openCache(t, url, quiet())
		checkHistories(t, linearRounds, larder.Of[int](a, ""), larder.Of[int](b, ""))
	})
}

// TestLinearizableProcessesOnRedis: two processes of the operating system, without near copies.
func TestLinearizableProcessesOnRedis(t *testing.T) {
	onRedis(t, wantLinearProcesses)
}

// TestLinearizableMutantsOnRedis: the same with a fault, which has to show.
func TestLinearizableMutantsOnRedis(t *testing.T) {
	wantMutantsSeen(t, func(t *testing.T) string { return redistest.Start(t).URL(0) })
}

// TestLinearizableNearProcessesOnRedis: with near copies, everything but what these answer is as without them. How old that may be is
// what TestNearProcesses looks at.
func TestLinearizableNearProcessesOnRedis(t *testing.T) {
	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
		server := redistest.Start(t, redistest.Use(kind))
		h := processHistory{URL: server.URL(0, "near=1000"), Rounds: 4 * linearRounds, Near: true}
		if problem := h.check(t); problem != "" {
			t.Error(problem)
		}
		if h.URL, h.Near = server.URL(1, "near=1000"), false; h.check(t) == "" {
			t.Error("the near copies have answered nothing, or nothing that was old: the test is too weak")
		}
	})
}
