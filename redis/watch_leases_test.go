package redis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis"
)

// A watch of everything is not told of leases.
func TestWatchSparesLeases(t *testing.T) {
	o := redis.Options{Addresses: []string{server.Addr()}, DB: server.FreshDB()}
	s := open(t, o)
	told := make(chan driver.Event, 1000)
	stop, err := s.Watch(t.Context(), "", func(e driver.Event) { told <- e })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	grants, err := s.Acquire(t.Context(), []string{"k"}, time.Second)
	if err != nil || grants[0].Lease == "" {
		t.Fatal(grants, err)
	}
	if err := s.Set(t.Context(), "last", nil, 0); err != nil {
		t.Fatal(err)
	}
	for e := range told {
		if e.Kind == driver.Changed && strings.Contains(e.Key, "lease") {
			t.Errorf("told of %q", e.Key)
		}
		if e.Key == "last" {
			return
		}
	}
}
