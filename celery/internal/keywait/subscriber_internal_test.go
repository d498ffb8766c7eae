package keywait

import (
	"context"
	"slices"
	"testing"

	"github.com/larder-go/larder/driver"
)

// TestLeavesAndComesAgain: a key that nobody waited for a moment ago is waited for again when it is to be
// unsubscribed from.
//
//	the last one leaves
//	another one comes
//	the subscription is found to have the key already: he hears
//	                                                             the key that was left is looked at
func TestLeavesAndComesAgain(t *testing.T) {
	n := &notifier{}
	w := New(n, Options{})
	s := w.subscriber
	s.sub = n
	s.have["key"], s.have["left"] = struct{}{}, struct{}{}
	c := &call{slots: slots([]string{"key"}), wake: make(chan struct{}, 1)}
	w.mu.Lock()
	c.slots[0].call = c
	s.remove("key")
	s.remove("left")
	w.expect(&c.slots[0])
	w.mu.Unlock()
	if topics := s.next(10); len(topics) > 0 {
		t.Error("it is subscribed to again")
	}
	s.unsubscribe()
	if subscribed := w.topics["key"].subscribed; !subscribed || !slices.Equal(n.removed, []string{"left"}) {
		t.Errorf("subscribed %v, and %q are unsubscribed from", subscribed, n.removed)
	}
	w.Close()
}

// notifier is a store and its subscription.
type notifier struct {
	driver.Store
	driver.Notifier
	removed []string
}

func (*notifier) Add(context.Context, ...string) error { return nil }
func (n *notifier) Remove(keys ...string)              { n.removed = append(n.removed, keys...) }
func (*notifier) Stop()                                {}
