package drivertest_test

import (
	"context"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
)

// Of watches.

// tells changes what a watch tells. pass may be called from any goroutine.
type tells struct {
	*reference
	prefix string // watched instead, if not empty
	filter func(e driver.Event, pass func(driver.Event))
	deaf   bool // stop does nothing
}

func (m tells) Watch(ctx context.Context, prefix string, tell func(driver.Event)) (func(), error) {
	filtered := func(e driver.Event) { m.filter(e, tell) }
	if m.prefix == "*" {
		prefix = strings.TrimRight(prefix, ":*")
	}
	stop, err := m.reference.Watch(ctx, prefix, filtered)
	if m.deaf && err == nil {
		context.AfterFunc(ctx, stop)
		return func() {}, nil
	}
	return stop, err
}

func asItIs(e driver.Event, pass func(driver.Event)) { pass(e) }

// without leaves out the events that drop says.
func without(drop func(driver.Event) bool) func(driver.Event, func(driver.Event)) {
	return func(e driver.Event, pass func(driver.Event)) {
		if !drop(e) {
			pass(e)
		}
	}
}

// timedWrong reads as the reference does, with other lifetimes.
type timedWrong struct{ *reference }

func (m timedWrong) GetTimed(ctx context.Context, keys []string) ([]driver.TimedResult, error) {
	results, err := m.reference.GetTimed(ctx, keys)
	for i := range results {
		if results[i].TTL == 0 {
			results[i].TTL = -1
		} else {
			results[i].TTL *= 2
		}
	}
	return results, err
}

func watchMutants() []mutant {
	telling := func(m tells) func() driver.Store {
		return func() driver.Store { m.reference = newReference(); return m }
	}
	return []mutant{
		{name: "WatchLosesSome", open: telling(tells{filter: without(func(e driver.Event) bool { return strings.HasSuffix(e.Key, "Touch") })}),
			seenBy: []string{"watch/TellsEveryChange", "prefixed/watch/TellsEveryChange"}},
		{name: "WatchWithoutGap", open: telling(tells{filter: without(func(e driver.Event) bool { return e.Kind == driver.Gap })}),
			seenBy: []string{"watch/TellsOfClearAll"}},
		{name: "WatchTellsLate", open: telling(tells{filter: func(e driver.Event, pass func(driver.Event)) {
			if e.Kind == driver.Changed {
				time.AfterFunc(time.Minute, func() { pass(e) })
				return
			}
			pass(e)
		}}), seenBy: []string{"watch/TellsEveryChange"}},
		{name: "WatchLooksAhead", open: telling(tells{filter: func(e driver.Event, pass func(driver.Event)) {
			e.Until = e.Until.Add(time.Hour)
			pass(e)
		}}), seenBy: []string{"watch/BeginsAlive"}},
		{name: "WatchFallsAsleep", open: telling(tells{filter: func(e driver.Event, pass func(driver.Event)) {
			e.Until = e.Until.Add(-driver.AliveWithin)
			pass(e)
		}}), seenBy: []string{"watch/StaysAlive"}},
		{name: "WatchIsGlob", open: telling(tells{prefix: "*", filter: asItIs}), seenBy: []string{"watch/LiteralPrefix"}},
		{name: "WatchGoesOn", open: telling(tells{deaf: true, filter: asItIs}), seenBy: []string{"watch/Stops"}},
		{name: "WatchOverlaps", open: telling(tells{filter: func(e driver.Event, pass func(driver.Event)) {
			if e.Kind == driver.Changed {
				go pass(e)
				return
			}
			pass(e)
		}}), seenBy: []string{"watch/OneAtATime", "watch/StopsWhileTelling"}},
		{name: "TimedDoubles", open: func() driver.Store { return timedWrong{newReference()} }, seenBy: []string{"timed/Remaining"}},
	}
}
