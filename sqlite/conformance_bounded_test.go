//go:build !race

// The suite once more where the file keeps the sum of weights. With the race detector the two runs would take too long, and what
// differs is only the writer's goroutine.

package sqlite_test

import (
	"testing"

	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/sqlite"
)

func TestConformanceBounded(t *testing.T) {
	h := harness(sqlite.Options{MaxBytes: 80 << 20})
	h.MaxValue = 70 << 20
	drivertest.Run(t, h)
}
