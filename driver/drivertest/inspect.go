package drivertest

import (
	"fmt"
	"time"
)

// inspectCases: what is known of an entry without its value.
func inspectCases() []testCase {
	needs := []Capability{Inspector}
	return []testCase{
		{name: "OnlyWhatIsThere", needs: needs, run: func(e *env) {
			e.fill("a", "b")
			info, err := e.inspector.Inspect(e.ctx, e.ks("a", "absent", "b", "a"))
			e.ok("Inspect", err)
			if len(info) != 2 {
				e.Errorf("Inspect knows %d entries; want 2: %v", len(info), info)
			}
		}},
		{name: "NoKeys", needs: needs, run: func(e *env) {
			e.fill("a")
			if info, err := e.inspector.Inspect(e.ctx, nil); err != nil || len(info) != 0 {
				e.Errorf("Inspect of nothing = %v, %v", info, err)
			}
		}},
		{name: "Size", needs: needs, run: func(e *env) {
			for _, n := range []int{0, 1, 10, 70000} {
				key := fmt.Sprint(n)
				e.set(key, noise(n), longTTL)
				info, err := e.inspector.Inspect(e.ctx, e.ks(key))
				e.ok("Inspect", err)
				if size := info[e.k(key)].Size; size != n && size != -1 {
					e.Errorf("Size of a value of %d bytes = %d", n, size)
				}
			}
		}},
		{name: "TTL", needs: needs, run: func(e *env) {
			e.set("forever", "1", 0)
			if ttl := e.remaining("forever"); ttl != 0 {
				e.Errorf("an entry without expiry has %v left; want 0", ttl)
			}
			for _, w := range writers() {
				if w.needs != "" && !e.able(w.needs) {
					continue
				}
				if w.prepare != nil {
					w.prepare(e, w.name)
				}
				for _, ttl := range []time.Duration{3 * time.Hour, 10 * time.Second} {
					if w.name == "Add" || w.name == "AddLive" || w.needs == Counter {
						_, _ = e.store.Delete(e.ctx, e.k(w.name))
					}
					l := e.written(ttl, func() { e.ok(w.name, w.write(e, w.name, ttl)) })
					l.wantRemaining(w.name, func() time.Duration { return e.remaining(w.name) })
				}
			}
		}},
		{name: "TTLRunsDown", needs: needs, run: func(e *env) {
			l := e.written(longTTL, func() { e.set("a", "1", longTTL) })
			waitFor(l.from.Add(e.ttl() / 2))
			l.wantRemaining("after a while", func() time.Duration { return e.remaining("a") })
		}},
		{name: "ManyKeys", needs: needs, run: func(e *env) {
			keys := e.fillMany(2000)
			info, err := e.inspector.Inspect(e.ctx, e.ks(keys...))
			if err != nil || len(info) != len(keys) {
				e.Errorf("Inspect knows %d entries of %d, %v", len(info), len(keys), err)
			}
		}},
	}
}

// remaining is the lifetime that Inspect says is left.
func (e *env) remaining(key string) time.Duration {
	e.Helper()
	info, err := e.inspector.Inspect(e.ctx, e.ks(key))
	e.ok("Inspect", err)
	i, ok := info[e.k(key)]
	if !ok {
		e.Fatalf("Inspect does not know %q", key)
	}
	return i.TTL
}
