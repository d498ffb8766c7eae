package interop

import (
	"fmt"
	"os"
	"testing"

	"github.com/larder-go/larder/internal/redistest"
)

// versions of async-caches: what pip installs, and what its repository has.
var versions = []string{"0.3.0", "0.4.0"}

var (
	servers []*redistest.Server
	pythons []*python
)

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	for _, version := range versions {
		p, err := startPython(version)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer p.Stop()
		pythons = append(pythons, p)
	}
	for _, kind := range redistest.Kinds() {
		s, stop, err := redistest.StartMain(redistest.Use(kind))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer stop()
		servers = append(servers, s)
	}
	return m.Run()
}
