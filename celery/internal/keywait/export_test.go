package keywait

import "time"

// Waiting is how many keys somebody waits for, and Heard how many of them the store tells of.
func (w *Waiter) Waiting() (waiting, heard int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.topics {
		if t.heard {
			heard++
		}
	}
	return len(w.topics), heard
}

// Idle is how many keys have been read and are not due again yet.
func (w *Waiter) Idle() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.topics {
		if t.looked && !t.reading && time.Until(t.due) > 0 {
			n++
		}
	}
	return n
}

// Wanted is how many topics wait for a subscription, or have ended meanwhile.
func (w *Waiter) Wanted() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.ears.wanted)
}

// Freed is how many keys wait for the end of their subscription.
func (w *Waiter) Freed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.ears.freed)
}
