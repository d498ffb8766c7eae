package larder

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// How long failures of one kind are counted and not told after one that was: twice as long each time. An outage lasts for
// hours, and a busy program has thousands of failures a second then.
const (
	firstSilence = time.Second
	lastSilence  = time.Minute
)

// complaints are the failures that callers of GetOrSet do not get to see. They go to the log.
type complaints struct {
	logger    *slog.Logger
	engine    string
	start     time.Time
	unread    complaint
	unstored  complaint
	undecoded complaint // is not over when another value decodes
}

// complaint is one kind of failure. Moments are those of complaints.now.
type complaint struct {
	last atomic.Int64 // the last one's moment; 0: none, or that it is over was told

	mu      sync.Mutex
	since   time.Duration // the first one's
	next    time.Duration // of them that is told
	silence time.Duration // after that
	leftOut int64         // not told since the last that was
}

// now is never 0.
func (c *complaints) now() time.Duration { return time.Since(c.start) + 1 }

// tell counts a failure, and logs it if it is time to.
func (c *complaints) tell(kind *complaint, what, key string, err error) {
	leftOut, due := kind.failed(c.now())
	if !due {
		return
	}
	args := []any{"engine", c.engine, "key", key[:min(len(key), maxShownKey)], "error", err}
	if leftOut > 0 {
		args = append(args, "left_out", leftOut)
	}
	c.logger.Warn(what, args...)
}

// worked is told of what did not fail. It costs nothing unless there was a failure.
func (c *complaints) worked(kind *complaint, what string) {
	if kind.last.Load() != 0 {
		c.over(kind, what)
	}
}

// over logs once that failures have come to an end.
func (c *complaints) over(kind *complaint, what string) {
	if lasted, leftOut, over := kind.ended(c.now()); over {
		c.logger.Info(what, "engine", c.engine, "after", lasted.Round(time.Millisecond), "left_out", leftOut)
	}
}

// failed tells whether a failure is due to be told, and how many were left out before it.
func (k *complaint) failed(now time.Duration) (leftOut int64, due bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	last := time.Duration(k.last.Swap(int64(now)))
	if last == 0 || now-last >= lastSilence {
		k.since, k.next, k.silence = now, now, firstSilence
	}
	if now < k.next {
		k.leftOut++
		return 0, false
	}
	leftOut, k.leftOut = k.leftOut, 0
	k.next, k.silence = now+k.silence, min(2*k.silence, lastSilence)
	return leftOut, true
}

// ended tells whether the failures are over: none for a while, so that a server which answers now and then does not fill the log
// with good news. lasted is from the first to the last.
func (k *complaint) ended(now time.Duration) (lasted time.Duration, leftOut int64, over bool) {
	if now-time.Duration(k.last.Load()) < firstSilence { // without the lock: calls that succeed do not wait for each other
		return 0, 0, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	last := time.Duration(k.last.Load())
	if last == 0 || now-last < firstSilence { // somebody else has told, or a failure has come in between
		return 0, 0, false
	}
	k.last.Store(0)
	leftOut, k.leftOut = k.leftOut, 0
	return last - k.since, leftOut, true
}

// unread counts and logs a read that failed, in place of which a value is loaded.
func (c *Cache) unread(key string, err error) {
	c.stats.errors.Add(1)
	kind := &c.complaints.unread
	if errors.Is(err, ErrCodec) {
		kind = &c.complaints.undecoded
	}
	c.complaints.tell(kind, "larder: not read, loading instead", key, err)
}

// unstored counts and logs that a loaded value could not be stored.
func (c *Cache) unstored(key string, err error) {
	c.stats.errors.Add(1)
	c.complaints.tell(&c.complaints.unstored, "larder: loaded value not stored", key, err)
}

// wasRead notes that the engine has answered a read.
func (c *Cache) wasRead() { c.complaints.worked(&c.complaints.unread, "larder: reads fail no more") }

// wasStored notes that a loaded value could be stored.
func (c *Cache) wasStored() {
	c.complaints.worked(&c.complaints.unstored, "larder: loaded values are stored again")
}
