package yield

import (
	"testing"
	"time"
)

// TestTurns: after a turn that took long there is none for twenty times as long; after a short one there is.
func TestTurns(t *testing.T) {
	var turn Turn
	turn.took(time.Second, time.Second+long)
	if turn.notBefore.Load() != 0 {
		t.Error("a short turn counts as a long one")
	}
	turn.took(time.Second, time.Second+10*time.Millisecond)
	if got, want := time.Duration(turn.notBefore.Load()), time.Second+210*time.Millisecond; got != want {
		t.Errorf("no other before %v; want %v", got, want)
	}
}

// TestTake: others that can run do so.
func TestTake(t *testing.T) {
	var turn Turn
	ran := make(chan struct{})
	go close(ran)
	for {
		turn.notBefore.Store(0)
		turn.Take()
		select {
		case <-ran:
			return
		default:
		}
	}
}
