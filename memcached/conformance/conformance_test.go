package conformance

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// pool has servers whose items may be larger than by default, so that the suite's largest values fit.
var pool = memcachetest.NewPool(memcachetest.Args("-I", "4m"))

// sideBySide is how many cases run at a time: they wait more than they work, and have few cores.
const sideBySide = "12"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", sideBySide); err != nil {
		panic(err)
	}
	code := m.Run()
	pool.Stop()
	os.Exit(code)
}

func TestOneServer(t *testing.T) { run(t, 1, memcached.Options{}) }

// TestThreeServers: batches and walks are in parts.
func TestThreeServers(t *testing.T) { run(t, 3, memcached.Options{}) }

// TestGenerations: prefixes can be cleared.
func TestGenerations(t *testing.T) { run(t, 1, memcached.Options{Generations: true}) }

func TestGenerationsOnThreeServers(t *testing.T) {
	run(t, 3, memcached.Options{Generations: true, Hash: memcached.Modula})
}

func run(t *testing.T, servers int, o memcached.Options) {
	t.Parallel()
	drivertest.Run(t, harness(servers, o))
}

// clockSlack is how late a server's clock ticks, and a timer of this process, on a machine that is busy.
const clockSlack = 500 * time.Millisecond

// maxValue fits into the servers of these tests, and twice does not.
const maxValue = 4<<20 - 1000

// longestName is that of a key that is stored under its own name.
func longestName(o memcached.Options) int {
	if o.Generations {
		return 226
	}
	return meta.MaxKey
}

func harness(servers int, o memcached.Options) drivertest.Harness {
	h := drivertest.Harness{
		Open: func(t *testing.T) driver.Store { return open(t, on(o, pool.Take(t, servers))) },
		OpenShared: func(t *testing.T) (a, b driver.Store) {
			o := on(o, pool.Take(t, servers))
			return open(t, o), open(t, o)
		},
		Concurrent:   true,
		Capabilities: capabilities,
		// 2 s longer, and on a machine that is busy a little more. What memcached's clock may take away, a second in some thousand, the
		// suite does not allow: TestNeverShorter of package memcached tells such a second from an error.
		Resolution: memcached.Resolution + clockSlack,
		MaxValue:   maxValue,
		MaxTTL:     time.Until(time.Unix(1<<31-1, 0)) - time.Hour,
		Nameless: func(key string) bool {
			return !meta.Legal(key) || len(key) > longestName(o) || strings.HasPrefix(key, "larder:lease:")
		},
	}
	if !o.Generations {
		h.Capabilities = slices.DeleteFunc(slices.Clone(capabilities), func(c drivertest.Capability) bool { return c == drivertest.PrefixClearer })
		h.Declines = []drivertest.Capability{drivertest.PrefixClearer}
	}
	return h
}

// capabilities are those of a store with generations.
var capabilities = slices.DeleteFunc(drivertest.All(), func(c drivertest.Capability) bool {
	return slices.Contains([]drivertest.Capability{
		drivertest.Live, drivertest.Watcher, drivertest.Notifier, drivertest.Collector, drivertest.Unwrapper,
	}, c)
})

// on are the options of a store on some servers.
func on(o memcached.Options, servers []*memcachetest.Server) memcached.Options {
	o.DialTimeout = 20 * time.Second // the machine is busy
	for _, s := range servers {
		o.Addresses = append(o.Addresses, s.Addr())
	}
	return o
}

func open(t *testing.T, o memcached.Options) driver.Store {
	t.Helper()
	s, err := memcached.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
