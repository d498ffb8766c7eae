package pubsub

import (
	"context"
	"sync"

	"github.com/larder-go/larder/driver"
)

// What may wait for a subscriber that is slow.
const (
	maxMessages = 1024
	maxBytes    = 64 << 20
)

// Line leads to one subscriber. Its calls of tell come one at a time, on a goroutine that is there only while
// there is something to tell.
type Line struct {
	tell func(driver.Message)

	mu      sync.Mutex
	keys    map[string]struct{}
	queue   []driver.Message
	bytes   int // of the values in queue
	telling bool
	ended   bool
	unbind  func() bool
	running sync.WaitGroup
}

// NewLine returns a line that no Book knows yet.
func NewLine(tell func(driver.Message)) *Line {
	return &Line{tell: tell, keys: map[string]struct{}{}}
}

// Until calls stop when ctx ends, unless the line has been closed by then.
func (l *Line) Until(ctx context.Context, stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.unbind = context.AfterFunc(ctx, stop)
	}
}

// Lose tells the subscriber that messages may have been missed.
func (l *Line) Lose() { l.push(driver.Message{Lost: true}) }

// push queues a message. One that has no room is replaced by a Lost, at the place where it is missing.
func (l *Line) push(m driver.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	if !m.Lost && l.full(m) {
		m = driver.Message{Lost: true}
	}
	if m.Lost && len(l.queue) > 0 && l.queue[len(l.queue)-1].Lost {
		return
	}
	l.queue = append(l.queue, m)
	l.bytes += len(m.Value)
	if !l.telling {
		l.telling = true
		l.running.Go(l.run)
	}
}

// full never refuses a message that would be alone.
func (l *Line) full(m driver.Message) bool {
	return len(l.queue) >= maxMessages || len(l.queue) > 0 && l.bytes+len(m.Value) > maxBytes
}

func (l *Line) run() {
	for {
		m, ok := l.next()
		if !ok {
			return
		}
		l.tell(m)
	}
}

// next takes what is to be told from the queue. What was published for a key that has been removed since is not.
func (l *Line) next() (m driver.Message, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) > 0 && !l.ended {
		m, l.queue[0] = l.queue[0], driver.Message{}
		l.queue = l.queue[1:]
		l.bytes -= len(m.Value)
		if _, there := l.keys[m.Key]; m.Lost || there {
			return m, true
		}
	}
	l.queue, l.telling = nil, false
	return driver.Message{}, false
}

// end makes the call of tell that is under way the last one.
func (l *Line) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.unbind != nil {
		l.unbind()
	}
}

// Wait returns when tell is not called any more. The line must have been closed.
func (l *Line) Wait() { l.running.Wait() }

// add returns those of the keys that are new to the line, unless it has been closed.
func (l *Line) add(keys []string) (added []string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil, false
	}
	for _, key := range keys {
		if _, there := l.keys[key]; !there {
			l.keys[key] = struct{}{}
			added = append(added, key)
		}
	}
	return added, true
}

// remove returns those of the keys that the line had.
func (l *Line) remove(keys []string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var removed []string
	for _, key := range keys {
		if _, there := l.keys[key]; there {
			delete(l.keys, key)
			removed = append(removed, key)
		}
	}
	return removed
}

func (l *Line) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := make([]string, 0, len(l.keys))
	for key := range l.keys {
		keys = append(keys, key)
	}
	return keys
}
