package larder

import (
	"context"
	"sync"
)

// tasks is what a cache does in the background. All of it ends with Close.
type tasks struct {
	ctx     context.Context // of every task; ended by end
	cancel  context.CancelFunc
	mu      sync.Mutex
	ended   bool
	running sync.WaitGroup
}

func newTasks() *tasks {
	t := &tasks{}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// begin tells whether a task may run, on the caller's goroutine; it has to call t.running.Done then.
func (t *tasks) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.running.Add(1)
	}
	return !t.ended
}

// run runs task on a goroutine of its own, unless the cache is being closed.
func (t *tasks) run(task func(context.Context)) {
	if !t.begin() {
		return
	}
	go func() {
		defer t.running.Done()
		task(t.ctx)
	}()
}

// end ends the tasks' context and waits for them.
func (t *tasks) end() {
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
	t.cancel()
	t.running.Wait()
}
