package conn

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/internal/breaker"
)

// What needs a server is tested by package redis.

var errNoAnswer = errors.New("no answer")

// TestShare: all commands of a call that have a breaker in common are let through together or not at all, and one that was answered counts
// for all.
func TestShare(t *testing.T) {
	now := time.Now()
	b := breaker.Breaker{Now: func() time.Time { return now }}
	for range breaker.Threshold {
		ticket, _ := b.Begin()
		b.Failed(ticket, errNoAnswer)
	}
	var refused share
	for range 2 {
		if err := refused.begin(&b); !errors.Is(err, errNoAnswer) {
			t.Errorf("begin: %v; want the breaker open", err)
		}
	}
	now = now.Add(breaker.LastPause)
	var probe share
	for range 2 {
		if err := probe.begin(&b); err != nil {
			t.Errorf("a command of the call that may try: %v", err)
		}
	}
	for name, outcomes := range map[string][]error{"before": {nil, errNoAnswer}, "after": {errNoAnswer, nil}} {
		var s share
		for _, err := range outcomes {
			s.note(err)
		}
		if s.failed != nil {
			t.Errorf("answered %s: %v", name, s.failed)
		}
	}
	var s share
	s.note(errNoAnswer)
	if !errors.Is(s.failed, errNoAnswer) {
		t.Error("no fault, and no answer")
	}
}

// TestPauses: an address that cannot be connected to is tried again after pauses that double, up to a second and a half.
func TestPauses(t *testing.T) {
	var h host
	for i := range 20 {
		h.dialing = make(chan struct{})
		h.ended(nil, errNoAnswer)
		middle := min(firstRedial<<min(i, 10), lastRedial)
		if pause := time.Until(h.next); pause < middle/2-20*time.Millisecond || pause > middle*3/2 {
			t.Errorf("pause %d is %v; want about %v", i, pause, middle)
		}
		if !h.suspect || !errors.Is(h.err, errNoAnswer) {
			t.Errorf("%+v", h)
		}
	}
	h.dialing = make(chan struct{})
	h.ended(nil, nil)
	if h.suspect || h.failures > 0 || !h.next.IsZero() || h.err != nil {
		t.Errorf("connected, and %+v", h)
	}
}

// TestRetryDelay: what was not sent is for Client to make again, and nothing is tried a third time.
func TestRetryDelay(t *testing.T) {
	refused := fmt.Errorf("dial: %w", &notConnected{"127.0.0.1:1", errNoAnswer})
	for _, x := range []struct {
		attempts int
		err      error
		again    bool
	}{{1, errNoAnswer, true}, {2, errNoAnswer, false}, {1, refused, false}} {
		if d := retryDelay(x.attempts, rueidis.Completed{}, x.err); (d >= 0) != x.again {
			t.Errorf("attempt %d, %v: %v", x.attempts, x.err, d)
		}
	}
}

// TestLost: contexts of others are not the caller's.
func TestLost(t *testing.T) {
	for _, err := range []error{context.Canceled, context.DeadlineExceeded, rueidis.ErrClosing} {
		if got := Lost(err); errors.Is(got, err) {
			t.Errorf("%v", got)
		}
	}
	if got := Lost(errNoAnswer); !errors.Is(got, errNoAnswer) {
		t.Error(got)
	}
}
