package interop

import (
	"context"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/internal/redistest"
)

// watcher hears of the changes of keys that begin with user: (of key prefix p, version 1).
func (e env) watcher() chan larder.Change {
	e.Helper()
	ctx, stop := context.WithCancel(e.Context())
	told, ended := make(chan larder.Change, 1000), make(chan struct{})
	users := larder.Of[any](e.larder("key_prefix=p", "version=1"), "user:")
	go func() {
		defer close(ended)
		for change, err := range users.Watch(ctx) {
			if err != nil {
				if ctx.Err() == nil {
					e.Error(err)
				}
				return
			}
			told <- change
		}
	}()
	e.Cleanup(func() { stop(); <-ended })
	return told
}

// wantTold waits for a change. The keys 1 and 2 may be told more than once, others not at all.
func (e env) wantTold(told chan larder.Change, what string, want larder.Change) {
	e.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case change := <-told:
			if change == want {
				return
			}
			if change.Gap || (change.Key != "1" && change.Key != "2") {
				e.Errorf("%s: told of %+v", what, change)
			}
		case <-limit:
			e.Fatalf("%s: not told within 10 s", what)
		}
	}
}

// TestWatchTellsOfPython: every verb of async-caches that changes an entry is told to Go. The server is the test's own, because Redis
// tells of all databases alike, and a clear of any is a gap.
func TestWatchTellsOfPython(t *testing.T) {
	everywhere(t, func(e env) {
		e.server, e.number = redistest.Start(e, redistest.Use(e.server.Kind())), 0
		told := e.watcher()
		e.wantTold(told, "the beginning", larder.Change{Gap: true})
		py := e.cache("key_prefix=p", "version=1")
		py.run(e, `c.set_many({"other": 1, "use": 1, "users:1": 1})`, nil) // none of the view's
		for _, verb := range []string{
			`c.set("user:1", 1)`, `c.set("user:1", 2, ttl=60)`, `c.touch("user:1", 600)`, `c.incr("user:1")`, `c.decr("user:1", 0.5)`,
			`c.set_many({"user:1": 3, "other": 3})`, `c.delete("user:1")`, `c.add("user:1", 4)`, `c.touch("user:1", -1)`,
			`c.get_or_set("user:1", 5)`, `c.delete_many(["user:1", "other"])`,
		} {
			for len(told) > 0 {
				<-told
			}
			py.run(e, verb, nil)
			e.wantTold(told, verb, larder.Change{Key: "1"})
		}
		py.run(e, `c.clear()`, nil)
		e.wantTold(told, "clear", larder.Change{Gap: true})

		py.run(e, `c.set("user:3", 1, version=2)`, nil) // another version: wantTold would complain
		py.run(e, `c.set("user:2", 1)`, nil)
		e.wantTold(told, "a mark after another version", larder.Change{Key: "2"})
	})
}
