package memcached_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached"
)

// TestNeverShorter: wherever in a tick of the server's clock a life begins, it is a whole one. One that is not must have seen the clock
// skip, and be shorter by no more than the seconds that were left out: see Resolution.
func TestNeverShorter(t *testing.T) {
	s := open(t, emptied(t, server))
	if err := s.Set(t.Context(), clockProbe, nil, time.Hour); err != nil {
		t.Fatal(err)
	}
	const lives = 30
	ttls := []time.Duration{300 * time.Millisecond, time.Second, 1200 * time.Millisecond}
	var judged, skipped atomic.Int64
	var all sync.WaitGroup
	for i := range lives {
		all.Go(func() {
			time.Sleep(time.Duration(i) * 1050 * time.Millisecond / lives) // all places in a tick
			l := life{t: t, store: s, key: fmt.Sprint("life", i), ttl: ttls[i%len(ttls)]}
			early := l.live()
			switch {
			case l.blind:
				return
			case early > time.Duration(l.skipped)*time.Second:
				t.Errorf("%v have ended %v early, and the clock has skipped %d s", l.ttl, early, l.skipped)
			case early > 0:
				skipped.Add(1)
			}
			judged.Add(1)
		})
	}
	all.Wait()
	t.Logf("%d of %d were watched well enough; %d have ended early, with a clock that skipped", judged.Load(), lives, skipped.Load())
	if judged.Load() == 0 {
		t.Error("this machine is too slow to watch")
	}
}

// clockProbe is an entry whose remaining time tells the server's clock.
const clockProbe = "probe"

// life is one that is watched.
type life struct {
	t     *testing.T
	store *memcached.Store
	key   string
	ttl   time.Duration

	clock   time.Duration // what the probe had left
	read    time.Time     // before that was asked for
	skipped int64         // seconds that the clock has left out
	blind   bool          // there was too long a time between two looks to tell a skip from two ticks
}

// live returns by how much it ended before its time.
func (l *life) live() (early time.Duration) {
	l.look()
	began := time.Now()
	if err := l.store.Set(l.t.Context(), l.key, []byte("v"), l.ttl); err != nil {
		l.t.Error(err)
		return 0
	}
	for {
		there := l.look()
		early = l.ttl - time.Since(began)
		if early <= 0 || !there {
			return max(early, 0)
		}
		time.Sleep(10 * time.Millisecond) // between two looks
	}
}

// look reads the clock and the entry in one round trip, and counts what the clock has skipped since the look before. Its ticks are never
// less than a second apart: in less time there is one at most, and it goes on by one second.
func (l *life) look() (there bool) {
	began := time.Now()
	results, err := l.store.GetTimed(l.t.Context(), []string{clockProbe, l.key})
	if err != nil || results[0].Err != nil {
		l.t.Error(err, results)
		return false
	}
	if !l.read.IsZero() {
		l.blind = l.blind || time.Since(l.read) >= time.Second
		l.skipped += max(0, int64((l.clock-results[0].TTL)/time.Second)-1)
	}
	l.clock, l.read = results[0].TTL, began
	return !errors.Is(results[1].Err, driver.ErrMiss)
}
