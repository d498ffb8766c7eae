package keywait

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

// Looked is how many keys are not being read for the first time, or waiting for that.
func (w *Waiter) Looked() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.topics {
		if t.looked && !t.reading {
			n++
		}
	}
	return n
}
