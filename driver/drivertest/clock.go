package drivertest

import "time"

// lifetime is what a store has been told: an entry that was written between two instants has a ttl. It must be there
// up to the first instant plus ttl, and must not be from the second plus ttl and resolution on. In between nothing is promised.
type lifetime struct {
	e        *env
	from, to time.Time
	ttl      time.Duration
}

// ttl is a lifetime that a case can wait for.
func (e *env) ttl() time.Duration {
	if e.virtual {
		return time.Hour
	}
	return 150 * time.Millisecond
}

// longTTL is a lifetime that ends after the case.
const longTTL = 1000 * time.Hour

// written runs a write that gives an entry the lifetime ttl.
func (e *env) written(ttl time.Duration, write func()) lifetime {
	from := time.Now()
	write()
	return lifetime{e: e, from: from, to: time.Now(), ttl: ttl}
}

// whileAlive waits until shortly before the expiry and fails if check says that the entry is gone. On a machine
// that is too slow to look in time, nothing is known and nothing fails.
func (l lifetime) whileAlive(what string, check func() bool) {
	l.e.Helper()
	at := l.from.Add(l.ttl / 2)
	if l.e.virtual {
		at = l.from.Add(l.ttl - 1)
	}
	waitFor(at)
	if !check() && time.Now().Before(l.from.Add(l.ttl)) {
		l.e.Errorf("%s: gone before its ttl of %v is over", what, l.ttl)
	}
}

// whileAliveNow does something with the entry at once, and tells whether that was in time: whatever was not proves nothing.
func (l lifetime) whileAliveNow(what string, do func() error) bool {
	l.e.Helper()
	err := do()
	if !time.Now().Before(l.from.Add(l.ttl)) {
		return false
	}
	if err != nil {
		l.e.Errorf("%s: %v", what, err)
	}
	return true
}

// within does something with an entry that it makes with this ttl. On a machine so slow that the entry may have
// expired in between, it does it again.
func (e *env) within(ttl time.Duration, what string, do func() error) {
	e.Helper()
	for range 100 {
		from := time.Now()
		err := do()
		if err == nil {
			return
		}
		if time.Since(from) < ttl {
			e.Fatalf("%s: %v", what, err)
		}
	}
	e.Fatalf("%s: this machine never does it within %v", what, ttl)
}

// untilGone waits for the instant of the expiry.
func (l lifetime) untilGone() { waitFor(l.to.Add(l.ttl + l.e.h.Resolution)) }

// waitFor waits for an instant, not for a state: what has a lifetime has no other event.
func waitFor(at time.Time) { time.Sleep(time.Until(at)) }

// wantRemaining fails unless what read returns is the lifetime that is left.
func (l lifetime) wantRemaining(what string, read func() time.Duration) {
	l.e.Helper()
	before := time.Now()
	got := read()
	least := time.Until(l.from.Add(l.ttl - l.e.h.Resolution))
	most := l.to.Add(l.ttl + l.e.h.Resolution).Sub(before)
	if got < least || got > most {
		l.e.Errorf("%s: %v are left of the lifetime; want %v to %v", what, got, least, most)
	}
}
