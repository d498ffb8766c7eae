package memory_test

import (
	"slices"
	"testing"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/memory"
)

// harness is what every kind of memory store owes.
func harness(o memory.Options) drivertest.Harness {
	return drivertest.Harness{
		Open: func(t *testing.T) driver.Store {
			s, err := memory.New(o)
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Capabilities: slices.DeleteFunc(drivertest.All(), func(c drivertest.Capability) bool {
			return slices.Contains(drivertest.OfServers(), c) || c == drivertest.Unwrapper || c == drivertest.Advisor || o.Isolate && c == drivertest.Live
		}),
		VirtualTime:       true,
		VersionsAreValues: true,
	}
}

func TestLive(t *testing.T) { drivertest.Run(t, harness(memory.Options{})) }

func TestIsolated(t *testing.T) { drivertest.Run(t, harness(memory.Options{Isolate: true})) }

func TestMaxBytes(t *testing.T) {
	h := harness(memory.Options{MaxBytes: 64 << 20})
	h.MaxValue = 60 << 20
	drivertest.Run(t, h)
}
