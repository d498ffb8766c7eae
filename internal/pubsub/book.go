package pubsub

import (
	"sync"

	"github.com/larder-go/larder/driver"
)

// Book knows who is subscribed to what. The zero Book is empty and ready.
type Book struct {
	mu       sync.RWMutex
	channels map[string]map[*Line]struct{}
}

// Add subscribes l to the keys, and returns those that are new to it. It is not ok if l has been closed.
func (b *Book) Add(l *Line, keys []string) (added []string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.channels == nil {
		b.channels = map[string]map[*Line]struct{}{}
	}
	added, ok = l.add(keys)
	for _, key := range added {
		if b.channels[key] == nil {
			b.channels[key] = map[*Line]struct{}{}
		}
		b.channels[key][l] = struct{}{}
	}
	return added, ok
}

// Remove ends l's subscription to the keys, and returns those that nobody is subscribed to any more.
func (b *Book) Remove(l *Line, keys []string) (free []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range l.remove(keys) {
		delete(b.channels[key], l)
		if len(b.channels[key]) == 0 {
			delete(b.channels, key)
			free = append(free, key)
		}
	}
	return free
}

// Close ends all of l's subscriptions, for good, and returns the keys that nobody is subscribed to any more. It
// does not wait for a call of tell that is under way.
func (b *Book) Close(l *Line) (free []string) {
	l.end()
	return b.Remove(l, l.all())
}

// Has tells whether anybody is subscribed to key.
func (b *Book) Has(key string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.channels[key]) > 0
}

// Publish hands value to those who are subscribed to key. It does not wait for any of them.
func (b *Book) Publish(key string, value []byte) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for l := range b.channels[key] {
		l.push(driver.Message{Key: key, Value: value})
	}
}
