package celery

import (
	"fmt"
	"sync"
	"testing"

	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
)

// TestSuccessInPlaceOfForeignStays: of two who replace what cannot be read, nobody replaces the
// SUCCESS of the other.
func TestSuccessInPlaceOfForeignStays(t *testing.T) {
	cache, server := memcachetest.Start(t), redistest.Start(t)
	for name, c := range map[string]struct {
		url string
		odd func(key string)
	}{
		"memcached": {"cache+memcached://" + cache.Addr() + "/", func(key string) { mustAsk(t, cache, "set "+key+" 1 0 3\r\nabc") }},
		"redis":     {server.URL(1), func(key string) { server.DB(1).MustDo(t, "LPUSH", key, "x") }},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := open(t, c.url), open(t, c.url)
			for i := range 200 {
				id := fmt.Sprint("f", i)
				c.odd(string(taskKey) + id)
				var stored bool
				var failed error
				var both sync.WaitGroup
				both.Go(func() { stored, failed = a.Store(t.Context(), id, Success, 1, nil) })
				both.Go(func() { must(t, b.MarkFailed(t.Context(), id, fmt.Errorf("x"), nil)) })
				both.Wait()
				if m := result(t, a, id); failed != nil || !stored || m.Status != Success {
					t.Fatalf("%s: stored %v, %v, and it is %s", id, stored, failed, m.Status)
				}
			}
		})
	}
}
