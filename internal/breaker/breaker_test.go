package breaker

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var errFault = errors.New("connection refused")

// clock is a breaker's own.
type clock struct {
	b   Breaker
	now time.Time
}

func newClock() *clock {
	c := &clock{now: time.Unix(1000, 0)}
	c.b.Now = func() time.Time { return c.now }
	c.b.Jitter = func() float64 { return 1 }
	return c
}

func (c *clock) fail(t *testing.T, n int) {
	t.Helper()
	for range n {
		ticket, err := c.b.Begin()
		if err != nil {
			t.Fatalf("not let through: %v", err)
		}
		c.b.Failed(ticket, errFault)
	}
}

func (c *clock) wantOpen(t *testing.T, wait time.Duration) {
	t.Helper()
	_, err := c.b.Begin()
	open := new(OpenError)
	if !errors.As(err, &open) || open.Wait != wait || !errors.Is(err, errFault) {
		t.Fatalf("%v; want it open for %v", err, wait)
	}
}

func (c *clock) wantClosed(t *testing.T) Ticket {
	t.Helper()
	ticket, err := c.b.Begin()
	if err != nil {
		t.Fatalf("%v; want it closed", err)
	}
	return ticket
}

func TestOpensAfterFailuresInARow(t *testing.T) {
	c := newClock()
	c.fail(t, Threshold-1)
	c.b.Answered(c.wantClosed(t))
	c.fail(t, Threshold-1)
	c.wantClosed(t)
	c.fail(t, 1)
	c.wantOpen(t, FirstPause)
}

// TestGivingUpIsNoFailure: nor is it a success.
func TestGivingUpIsNoFailure(t *testing.T) {
	c := newClock()
	c.fail(t, Threshold-1)
	for range 10 {
		c.b.GaveUp(c.wantClosed(t))
	}
	c.fail(t, 1)
	c.wantOpen(t, FirstPause)
}

func TestOneProbe(t *testing.T) {
	c := newClock()
	c.fail(t, Threshold)
	c.now = c.now.Add(FirstPause)
	probe := c.wantClosed(t)
	c.wantOpen(t, 0)
	c.b.GaveUp(probe)
	probe = c.wantClosed(t)
	c.wantOpen(t, 0)
	c.b.Answered(probe)
	c.wantClosed(t)
	c.fail(t, Threshold-1)
	c.wantClosed(t)
}

// TestLateFailures: calls that began before it opened neither lengthen the pause nor end the probe.
func TestLateFailures(t *testing.T) {
	c := newClock()
	late := c.wantClosed(t)
	c.fail(t, Threshold)
	c.now = c.now.Add(FirstPause / 2)
	c.b.Failed(late, errFault)
	c.wantOpen(t, FirstPause/2)
	c.now = c.now.Add(FirstPause / 2)
	probe := c.wantClosed(t)
	c.b.Failed(late, errFault)
	c.wantOpen(t, 0)
	c.b.Failed(probe, errFault)
	c.wantOpen(t, 2*FirstPause)
}

func TestPausesGrow(t *testing.T) {
	c := newClock()
	c.fail(t, Threshold)
	for _, pause := range []time.Duration{FirstPause, 2 * FirstPause, 4 * FirstPause, 8 * FirstPause, LastPause, LastPause} {
		c.wantOpen(t, pause)
		c.now = c.now.Add(pause)
		c.fail(t, 1)
	}
	c.now = c.now.Add(LastPause)
	c.b.Answered(c.wantClosed(t))
	c.fail(t, Threshold)
	c.wantOpen(t, FirstPause)
}

func TestJitter(t *testing.T) {
	for range 1000 {
		if f := new(Breaker).jitter(); f < 0.75 || f > 1.25 {
			t.Fatal(f)
		}
	}
}

func TestErrorSaysWhy(t *testing.T) {
	c := newClock()
	c.fail(t, Threshold)
	_, err := c.b.Begin()
	for _, want := range []string{"5 calls", "500ms", "connection refused"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q in it", err, want)
		}
	}
	c.now = c.now.Add(FirstPause)
	c.wantClosed(t)
	if _, err := c.b.Begin(); err == nil || !strings.Contains(err.Error(), "another call is trying") {
		t.Error(err)
	}
}

// TestOneProbeOfMany: whoever comes at the same time.
func TestOneProbeOfMany(t *testing.T) {
	c := newClock()
	c.fail(t, Threshold)
	c.now = c.now.Add(FirstPause)
	var through atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if _, err := c.b.Begin(); err == nil {
				through.Add(1)
			}
		})
	}
	all.Wait()
	if n := through.Load(); n != 1 {
		t.Errorf("%d probes", n)
	}
}

func BenchmarkHappy(b *testing.B) {
	var br Breaker
	b.ReportAllocs()
	for b.Loop() {
		t, _ := br.Begin()
		br.Answered(t)
	}
}
