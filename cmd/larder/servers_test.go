package main

import (
	"sync"
	"testing"

	"github.com/larder-go/larder/internal/redistest"
)

// redisServer is started for the first test that needs it, and ended by TestMain.
var redisServer = sync.OnceValues(func() (*redistest.Server, error) {
	s, stop, err := redistest.StartMain()
	if err == nil {
		stopServers = append(stopServers, stop)
	}
	return s, err
})

var stopServers []func()

// redisShell has an empty database of a server.
func redisShell(t *testing.T) *shell {
	t.Helper()
	needs(t, "redis-server")
	s, err := redisServer()
	if err != nil {
		t.Fatal(err)
	}
	return &shell{t: t, url: s.URL(s.FreshDB())}
}
