package larder_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder"
)

const (
	notRead    = "level=WARN msg=\"larder: not read, loading instead\""
	notStored  = "level=WARN msg=\"larder: loaded value not stored\""
	readAgain  = "level=INFO msg=\"larder: reads fail no more\""
	storeAgain = "level=INFO msg=\"larder: loaded values are stored again\""
)

var leftOut = regexp.MustCompile(`left_out=(\d+)`)

// told counts the lines of a kind, and what they say was left out.
func (j *journal) told(kind string) (lines, left int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range j.lines {
		if !strings.Contains(l, kind) {
			continue
		}
		lines++
		if m := leftOut.FindStringSubmatch(l); m != nil {
			n, _ := strconv.Atoi(m[1])
			left += n
		}
	}
	return lines, left
}

func (j *journal) wantLines(t *testing.T, when string, want map[string]int) {
	t.Helper()
	for _, kind := range []string{notRead, notStored, readAgain, storeAgain} {
		if n, _ := j.told(kind); n != want[kind] {
			t.Errorf("%s: %d lines of %s, want %d", when, n, kind, want[kind])
		}
	}
}

// TestAnOutageDoesNotFillTheLog: its beginning is told, then less and less, and its end; nothing is uncounted.
func TestAnOutageDoesNotFillTheLog(t *testing.T) {
	liveOrNot(t, func(t *testing.T, live bool) {
		synctest.Test(t, func(t *testing.T) {
			var log journal
			c, f := faulty(t, live, log.option())
			v := larder.Of[int](c, "")
			n := 0
			call := func() {
				t.Helper()
				said(t, "GetOrSet", 1)(v.GetOrSet(t.Context(), fmt.Sprint(n), larder.Value(1)))
				n++
			}
			call()
			log.wantLines(t, "in good order", nil)

			unplug(f, reads)
			unplug(f, stores)
			before := n
			for range 1000 {
				call()
			}
			log.wantLines(t, "1000 calls at once", map[string]int{notRead: 1, notStored: 1})
			for began := time.Now(); time.Since(began) < time.Hour; time.Sleep(100 * time.Millisecond) {
				call()
			}
			// At once, after 1, 3, 7, 15, 31 and 63 seconds, then every minute.
			log.wantLines(t, "an hour", map[string]int{notRead: 65, notStored: 65})

			f.Heal()
			call()
			log.wantLines(t, "an answer among failures", map[string]int{notRead: 65, notStored: 65})
			time.Sleep(time.Second)
			for range 100 {
				call()
			}
			log.wantLines(t, "all is well", map[string]int{notRead: 65, notStored: 65, readAgain: 1, storeAgain: 1})
			failures := n - before - 101
			for what, again := range map[string]string{notRead: readAgain, notStored: storeAgain} {
				lines, left := log.told(what)
				_, rest := log.told(again)
				if lines+left+rest != failures {
					t.Errorf("%s: %d lines tell of %d more and the last of %d, in all %d failures", what, lines, left, rest, failures)
				}
			}
			if log.count("after=59m59.9s") != 2 {
				t.Errorf("the log does not say how long it took: %q", log.lines[len(log.lines)-2:])
			}
			if s := c.Stats(); s.Errors != int64(2*failures) {
				t.Errorf("%d errors are counted, of %d", s.Errors, 2*failures)
			}

			unplug(f, reads)
			call()
			log.wantLines(t, "the next outage", map[string]int{notRead: 66, notStored: 65, readAgain: 1, storeAgain: 1})
		})
	})
}

// TestComplaintsOfOneKindLeaveTheOthers: nor does a batch tell of each key.
func TestComplaintsOfOneKindLeaveTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log journal
		c, f := faulty(t, false, log.option())
		texts, v := larder.Of[string](c, ""), larder.Of[int](c, "")
		for _, key := range []string{"a", "b", "c"} {
			ok(t, texts.Set(t.Context(), key, "no number"))
		}
		unplug(f, reads)
		said(t, "GetOrSetMany", map[string]int{"x": 1, "y": 1, "z": 1})(v.GetOrSetMany(t.Context(), []string{"x", "y", "z"}, ones))
		f.Heal()
		said(t, "GetOrSetMany", map[string]int{"a": 1, "b": 1})(v.GetOrSetMany(t.Context(), []string{"a", "b"}, ones))
		log.wantLines(t, "a fault, and then what does not decode", map[string]int{notRead: 2})
		if n := log.count("unplugged"); n != 1 {
			t.Errorf("%d lines of the fault", n)
		}
		// What does not decode is no outage that could be over.
		time.Sleep(time.Second)
		said(t, "GetOrSet", 1)(v.GetOrSet(t.Context(), "c", larder.Value(1)))
		said(t, "GetOrSet", 1)(v.GetOrSet(t.Context(), "c", larder.Value(2)))
		log.wantLines(t, "in good order", map[string]int{notRead: 3, readAgain: 1})
		if _, left := log.told(notRead); left != 1 {
			t.Errorf("%d left out, of two that did not decode at once", left)
		}
	})
}
