package memcached_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/meta"
	"github.com/larder-go/larder/memcached"
)

// server is for all tests that need nothing special; each begins with an empty one. Its items are larger than memcached's default,
// so that the suite's largest values fit.
var server *memcachetest.Server

func TestMain(m *testing.M) {
	if addr := os.Getenv(loaderVariable); addr != "" {
		if err := wantKey(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	s, stop, err := memcachetest.StartMain(memcachetest.Args("-I", "4m"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server = s
	code := m.Run()
	stop()
	os.Exit(code)
}

func TestConformance(t *testing.T) {
	drivertest.Run(t, harness(server))
}

// TestConformanceOfThree: the keys are on three servers.
func TestConformanceOfThree(t *testing.T) {
	servers := []*memcachetest.Server{server}
	for range 2 {
		servers = append(servers, memcachetest.Start(t, memcachetest.Args("-I", "4m")))
	}
	drivertest.Run(t, harness(servers...))
}

// clockSlack is how far the clocks of two processes, and their timers, may be apart on a machine that is busy.
const clockSlack = 50 * time.Millisecond

// maxValue fits into the servers of these tests, and twice does not.
const maxValue = 4<<20 - 1000

func harness(servers ...*memcachetest.Server) drivertest.Harness {
	return drivertest.Harness{
		Open: func(t *testing.T) driver.Store { return open(t, emptied(t, servers...)) },
		OpenShared: func(t *testing.T) (a, b driver.Store) {
			o := emptied(t, servers...)
			return open(t, o), open(t, o)
		},
		Capabilities: capabilities,
		Declines:     []drivertest.Capability{drivertest.PrefixClearer},
		Resolution:   memcached.Resolution + clockSlack,
		MaxValue:     maxValue,
		MaxTTL:       time.Until(time.Unix(1<<31-1, 0)) - time.Hour,
		Nameless: func(key string) bool {
			return !meta.Legal(key) || strings.HasPrefix(key, "larder:lease:")
		},
	}
}

var capabilities = slices.DeleteFunc(drivertest.All(), func(c drivertest.Capability) bool {
	return slices.Contains([]drivertest.Capability{
		drivertest.Live, drivertest.Watcher, drivertest.Notifier, drivertest.Collector, drivertest.Unwrapper,
		drivertest.PrefixClearer, drivertest.Advisor,
	}, c)
})

// emptied empties the servers and returns what is needed to open a store on them.
func emptied(t *testing.T, servers ...*memcachetest.Server) memcached.Options {
	t.Helper()
	var o memcached.Options
	for _, s := range servers {
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		o.Addresses = append(o.Addresses, s.Addr())
	}
	return o
}

func open(t *testing.T, o memcached.Options) *memcached.Store {
	t.Helper()
	s, err := memcached.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
