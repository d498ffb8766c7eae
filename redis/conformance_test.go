package redis_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/redis"
)

// server is for all tests that need nothing special; each takes a database of its own.
var server *redistest.Server

func TestMain(m *testing.M) {
	s, stop, err := redistest.StartMain()
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
	redistest.Each(t, func(t *testing.T, kind redistest.Kind) {
		s := server
		if kind != redistest.Redis {
			s = redistest.Start(t, redistest.Use(kind))
		}
		drivertest.Run(t, harness(func() redis.Options {
			return redis.Options{Addresses: []string{s.Addr()}, DB: s.FreshDB()}
		}))
	})
}

// clockSlack is how far the clocks of two processes, and their timers, may be apart on a machine that is busy.
const clockSlack = 20 * time.Millisecond

// harness runs the suite; each call of options is for an empty database.
func harness(options func() redis.Options) drivertest.Harness {
	return drivertest.Harness{
		Open: func(t *testing.T) driver.Store { return open(t, options()) },
		OpenShared: func(t *testing.T) (a, b driver.Store) {
			o := options()
			return open(t, o), open(t, o)
		},
		Capabilities:      capabilities,
		Resolution:        redis.Resolution + clockSlack,
		VersionsAreValues: true,
		RepeatsKeys:       true,
		Client:            new(rueidis.Client),
	}
}

// capabilities are all that an engine in another process can have.
var capabilities = slices.DeleteFunc(drivertest.All(), func(c drivertest.Capability) bool {
	return c == drivertest.Live
})

func open(t *testing.T, o redis.Options) *redis.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
