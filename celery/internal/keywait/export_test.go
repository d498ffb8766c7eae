package keywait

// Waiting is how many keys somebody waits for, and how many of them are subscribed to.
func (w *Waiter) Waiting() (waiting, subscribed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.topics {
		if t.subscribed {
			subscribed++
		}
	}
	return len(w.topics), subscribed
}

// Idle is how many keys have been read and are not due again yet.
func (w *Waiter) Idle() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.topics {
		if t.asked && t.moment != nil && t.moment.due > w.now() {
			n++
		}
	}
	return n
}

// Pending is how many topics wait for a subscription, or have ended meanwhile.
func (w *Waiter) Pending() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.subscriber.pending)
}

// Unused is how many keys wait for the end of their subscription.
func (w *Waiter) Unused() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.subscriber.unused)
}
