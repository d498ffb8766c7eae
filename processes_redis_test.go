package larder_test

import (
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/internal/redistest"
	_ "github.com/larder-go/larder/redis"
)

// TestLinearizableOnRedis: two caches with connections of their own, as two processes have them, on one server.
func TestLinearizableOnRedis(t *testing.T) {
	for name, options := range map[string][]redistest.Option{
		"tracking": nil, "polling": {redistest.Config(`rename-command CLIENT ""`)},
	} {
		t.Run(name, func(t *testing.T) {
			url := redistest.Start(t, options...).URL(0)
			a, b := openCache(t, url, quiet()), openCache(t, url, quiet())
			checkHistories(t, linearRounds, larder.Of[int](a, ""), larder.Of[int](b, ""))
		})
	}
}
