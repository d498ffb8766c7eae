package drivertest_test

import (
	"testing"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
)

// referenceHarness declares all that the reference store has.
func referenceHarness() drivertest.Harness {
	return drivertest.Harness{
		Open:         openReference,
		Capabilities: drivertest.All(),
		MaxValue:     referenceMax,
		Client:       new(client),
		OpenShared: func(*testing.T) (a, b driver.Store) {
			first := newReference()
			return first, &reference{data: first.data}
		},
	}
}

func TestReferenceInVirtualTime(t *testing.T) {
	h := referenceHarness()
	h.VirtualTime = true
	drivertest.Run(t, h)
}

func TestReferenceInRealTime(t *testing.T) {
	drivertest.Run(t, referenceHarness())
}
