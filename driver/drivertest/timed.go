package drivertest

import (
	"time"

	"github.com/larder-go/larder/driver"
)

// timedCases: values with the lifetimes that they have left.
func timedCases() []testCase {
	cases := []testCase{
		{name: "Remaining", run: func(e *env) {
			before := time.Now()
			e.set("ends", "1", longTTL)
			e.set("stays", "2", 0)
			got := e.getTimed("ends", "absent", "stays")
			if string(got[0].Value) != "1" || got[0].Err != nil || string(got[2].Value) != "2" || got[2].Err != nil {
				e.Errorf("GetTimed = %q, %v and %q, %v", got[0].Value, got[0].Err, got[2].Value, got[2].Err)
			}
			e.wantErr("GetTimed of an absent key", got[1].Err, driver.ErrMiss)
			if got[2].TTL != 0 {
				e.Errorf("an entry without expiry has %v left; want 0", got[2].TTL)
			}
			least := longTTL - time.Since(before) - e.h.Resolution
			if got[0].TTL < least || got[0].TTL > longTTL+e.h.Resolution {
				e.Errorf("an entry of %v has %v left; want at least %v", longTTL, got[0].TTL, least)
			}
		}},
		{name: "Expired", run: func(e *env) {
			l := e.written(e.ttl(), func() { e.set("k", "1", e.ttl()) })
			l.untilGone()
			e.wantErr("GetTimed of an expired key", e.getTimed("k")[0].Err, driver.ErrMiss)
		}},
		{name: "Repeated", run: func(e *env) {
			e.set("a", "1", longTTL)
			got := e.getTimed("a", "a")
			if string(got[0].Value) != "1" || string(got[1].Value) != "1" {
				e.Errorf("GetTimed of a key twice = %q, %q", got[0].Value, got[1].Value)
			}
		}},
		{name: "None", run: func(e *env) { e.getTimed() }},
	}
	for i := range cases {
		cases[i].needs = []Capability{Timed}
	}
	return cases
}

// getTimed returns a result for each key, or fails.
func (e *env) getTimed(keys ...string) []driver.TimedResult {
	e.Helper()
	got, err := e.timed.GetTimed(e.ctx, e.ks(keys...))
	e.ok("GetTimed", err)
	if len(got) != len(keys) {
		e.Fatalf("GetTimed of %d keys gives %d results", len(keys), len(got))
	}
	return got
}
