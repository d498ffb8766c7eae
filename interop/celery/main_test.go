package celery_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"

	_ "github.com/larder-go/larder/memcached"
	_ "github.com/larder-go/larder/redis"
)

var (
	// redis is the broker of all sites, the results of some, and what tasks wait at (gates).
	redis *redistest.Server
	// memcacheds have the results of the others. Ids are unique: the sites share them.
	memcacheds []*memcachetest.Server
	sites      []*site
)

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	end, err := startAll()
	defer end()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// startAll starts the servers. Workers and clients are started when the first test needs them.
func startAll() (end func(), err error) {
	var stops []func()
	end = func() {
		for i := len(stops) - 1; i >= 0; i-- {
			stops[i]()
		}
	}
	server, stop, err := redistest.StartMain()
	if err != nil {
		return end, err
	}
	redis, stops = server, append(stops, stop)
	for range 2 {
		s, stop, err := memcachetest.StartMain(memcachetest.Args("-m", "64"))
		if err != nil {
			return end, err
		}
		memcacheds, stops = append(memcacheds, s), append(stops, stop)
	}
	stops = append(stops, func() { stopPythons() })
	sites = allSites()
	return end, nil
}
