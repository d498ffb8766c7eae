//go:build unix

package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/larder-go/larder/internal/redistest"
)

// loadTakes is long enough for a server to be lost while it lasts.
const loadTakes = time.Second

const timeout = "timeout=500ms" // for each call of the engine

// loss is a way to lose the primary that has a key. start returns a URL, and what does it.
type loss struct {
	name, key string
	loads     int // at most
	start     func(t *testing.T) (url string, lose func(t *testing.T, key string))
}

var losses = []loss{
	{"cluster, killed", "{user}:1", 4 * loadsEach, killOfCluster},
	{"cluster, killed", "cold", 4 * loadsEach, killOfCluster},
	{"cluster, handed over", "{user}:1", 2, func(t *testing.T) (string, func(*testing.T, string)) {
		c := redistest.StartCluster(t, 3, 1)
		return c.URL(timeout, "layout=bare"), func(t *testing.T, key string) { c.Handover(t, c.PrimaryOf(t, key)) }
	}},
	{"sentinel, killed", "cold", 4 * loadsEach, func(t *testing.T) (string, func(*testing.T, string)) {
		s := redistest.StartSentinel(t)
		return s.URL(0, timeout, "layout=bare"), func(t *testing.T, _ string) { s.KillPrimary(t) }
	}},
	{"sentinel, frozen", "cold", 4 * loadsEach, func(t *testing.T) (string, func(*testing.T, string)) {
		s := redistest.StartSentinel(t)
		return s.URL(0, timeout, "layout=bare"), func(t *testing.T, _ string) { s.Primary().Freeze(t) }
	}},
}

func killOfCluster(t *testing.T) (string, func(*testing.T, string)) {
	c := redistest.StartCluster(t, 3, 1)
	return c.URL(timeout, "layout=bare"), func(t *testing.T, key string) { c.Failover(t, c.PrimaryOf(t, key)) }
}

// loadsEach is how often a process loads while the server is away: once, and a second time for all who asked when the first load had
// begun, because nobody knows what others have written since.
const loadsEach = 2

// TestLoadThroughFailover: the server that has a key and its lease is lost while 4 processes with 250 callers each wait for the
// key. All get the value, and nobody waits longer than the lease lasts and those loads take. Afterwards one load is enough again.
func TestLoadThroughFailover(t *testing.T) {
	for _, l := range losses {
		t.Run(l.name+"/"+l.key, func(t *testing.T) {
			url, lose := l.start(t)
			f := startFleet(t, 4, url, loadTakes)
			f.ask(t, l.key)
			f.loading(t, 1)
			lose(t, l.key)
			longest := answers(t, f.processes...)
			loads := len(f.loaders(t))
			if loads > l.loads {
				t.Errorf("%d loads; want %d at most", loads, l.loads)
			}
			if longest > leaseLasts+loadsEach*loadTakes+time.Second/2 { // the machine has its own pace
				t.Errorf("somebody waited for %v", longest)
			}
			rounds := f.untilOneLoads(t)
			t.Logf("%d loads; the longest wait was %v; %d rounds later one process loads again", loads, longest, rounds)
		})
	}
}

// loading waits until there were so many loads.
func (f *fleet) loading(t *testing.T, n int) {
	t.Helper()
	for len(f.loaders(t)) < n {
		time.Sleep(time.Millisecond) // between two looks
	}
}

// untilOneLoads asks for cold keys until one process has loaded for all, and returns how many were loaded by more.
func (f *fleet) untilOneLoads(t *testing.T) int {
	t.Helper()
	for round := range 10 {
		before := len(f.loaders(t))
		f.ask(t, fmt.Sprintf("{user}:after %d", round))
		answers(t, f.processes...)
		if len(f.loaders(t)) == before+1 {
			return round
		}
	}
	t.Error("10 seconds later each process still loads for itself")
	return 10
}
