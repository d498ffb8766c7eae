package conn

import (
	"context"
	"sync"
	"time"
)

// alarmAfter is how long a call may still take when its context has ended. Most are answered by then, and interrupting one costs
// the connection.
const alarmAfter = 5 * time.Millisecond

// alarm interrupts a call whose context has ended before its deadline. When rueidis waits for an answer on its caller's goroutine it
// sees the deadline, and nothing else.
type alarm struct {
	stop func() bool
	mu   sync.Mutex
	over bool
}

func newAlarm(ctx context.Context, d *Dialer) *alarm {
	a := &alarm{}
	a.stop = context.AfterFunc(ctx, func() {
		time.Sleep(alarmAfter)
		a.mu.Lock()
		defer a.mu.Unlock()
		if !a.over {
			d.interrupt()
		}
	})
	return a
}

// off is called when the call is over. The next one is not interrupted.
func (a *alarm) off() {
	a.stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
}
