package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/sqlite"
)

func TestConformance(t *testing.T) {
	drivertest.Run(t, harness(sqlite.Options{}))
}

func harness(o sqlite.Options) drivertest.Harness {
	open := func(t *testing.T, path string) *sqlite.Store {
		s, err := sqlite.Open(t.Context(), path, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	return drivertest.Harness{
		Open: func(t *testing.T) driver.Store { return open(t, filepath.Join(t.TempDir(), "c.db")) },
		OpenShared: func(t *testing.T) (a, b driver.Store) {
			path := filepath.Join(t.TempDir(), "c.db")
			return open(t, path), open(t, path)
		},
		Capabilities: slices.DeleteFunc(drivertest.All(), func(c drivertest.Capability) bool {
			return c == drivertest.Live || slices.Contains(drivertest.OfServers(), c) ||
				c == drivertest.Notifier || c == drivertest.Collector
		}),
		Resolution: sqlite.Resolution,
		Client:     new(*sql.DB),
	}
}
