package memcached

import (
	"fmt"
	"math"
	"time"

	"github.com/larder-go/larder/driver"
)

// Resolution is how much longer than asked an entry may live. memcached counts whole seconds, by a clock that ticks once a
// second: what is stored for 1 s lives for 0 to 1. So each lifetime is rounded up and gets one more.
//
// With a clock that goes on by one second at each tick, none is shorter than asked. But the timer that makes it tick is a little late each
// time, and what it then reads is cut to whole seconds: so once in some thousand ticks, and more often on a machine that is overloaded, the
// clock skips a second, and what was stored in the second before and ends later has one less: it may end up to 1 s early. A server
// that was stopped for longer skips as much.
const Resolution = 2 * time.Second

const (
	// relativeMost is the longest lifetime that memcached takes as such, in seconds. More is taken for a time.
	relativeMost = 30 * 24 * 60 * 60
	// lastTime is the last one that memcached knows: 2038-01-19. What is to stay longer it drops at once, and says that it is stored.
	lastTime = math.MaxInt32
)

var errTooLate = fmt.Errorf("%w: memcached knows no time beyond 2038-01-19", driver.ErrBadTTL)

// expiry is a lifetime as the server takes it.
func (l *line) expiry(ttl time.Duration) (int64, error) {
	if n := wholeSeconds(ttl); ttl == 0 || n <= relativeMost {
		return n, nil
	}
	return l.at(ttl + 2*time.Second) // its clock's reading was rounded down, and so is what at makes of it
}

// rest is the lifetime of an item that has so many seconds left.
func (l *line) rest(n int64) (int64, error) {
	switch {
	case n < 0:
		return 0, nil
	case n <= relativeMost:
		return max(n, 1), nil
	}
	return l.at(time.Duration(n) * time.Second)
}

// at is the server's time when d has passed, rounded down.
func (l *line) at(d time.Duration) (int64, error) {
	at := l.hello.Time.Unix() + int64((time.Since(l.hello.Asked)+d)/time.Second)
	if at > lastTime {
		return 0, errTooLate
	}
	return at, nil
}

// wholeSeconds rounds a lifetime up and adds the one.
func wholeSeconds(ttl time.Duration) int64 {
	if ttl == 0 {
		return 0
	}
	return int64((ttl+time.Second-1)/time.Second) + 1
}

// remaining is what is left of a lifetime, in the words of package driver: without the second that was added to it.
func remaining(ttl int64) time.Duration {
	if ttl < 0 {
		return 0
	}
	return max(time.Duration(ttl-1)*time.Second, time.Millisecond) // what is about to end has an end
}
