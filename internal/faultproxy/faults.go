package faultproxy

import (
	"sync"
	"time"
)

// settings are the faults that are on. They are copied out, never changed in place.
type settings struct {
	latency  time.Duration
	refuse   bool
	freeze   bool
	cutAfter int    // bytes of replies; negative: never
	truncate int    // bytes of the next reply; 0: none
	garbage  []byte // instead of the next reply; nil: none
	endless  bool   // garbage again and again, for every connection
}

// faults are the settings, and who waits for them to change.
type faults struct {
	mu      sync.Mutex
	now     settings
	changed chan struct{} // closed at the next change
}

func newFaults() *faults {
	return &faults{now: settings{cutAfter: -1}, changed: make(chan struct{})}
}

func (f *faults) get() settings {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *faults) change(to func(*settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	to(&f.now)
	close(f.changed)
	f.changed = make(chan struct{})
}

// whileFrozen waits until no byte is held back, or until the link is done.
func (f *faults) whileFrozen(done <-chan struct{}) {
	for {
		f.mu.Lock()
		frozen, changed := f.now.freeze, f.changed
		f.mu.Unlock()
		if !frozen {
			return
		}
		select {
		case <-changed:
		case <-done:
			return
		}
	}
}

// takeTruncate takes a fault for once out, so that no two connections get the same one.
func (f *faults) takeTruncate() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.now.truncate
	f.now.truncate = 0
	return n
}

// takeGarbage takes it out unless it is endless.
func (f *faults) takeGarbage() (garbage []byte, endless bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	garbage, endless = f.now.garbage, f.now.endless
	if !endless {
		f.now.garbage = nil
	}
	return garbage, endless
}
