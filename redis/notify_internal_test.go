package redis

import (
	"context"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/pubsub"
	"github.com/larder-go/larder/internal/redistest"
)

// TestLastLeavesAsAnotherComes: the goroutine has seen that nobody is left, and is about to close the connection.
//
//	the last one leaves
//	the goroutine sees that
//	                         a new one comes, for a channel that the connection has
//	the connection is closed
func TestLastLeavesAsAnotherComes(t *testing.T) {
	h := newHub(&Store{life: t.Context()})
	h.running = true
	h.have["k"] = struct{}{}
	if !h.finished() {
		t.Fatal("there is nobody, and the connection stays")
	}
	l := pubsub.NewLine(func(driver.Message) {})
	h.lines.Join(l)
	if _, r, err := h.request(l, []string{"k"}); r == nil || err != nil {
		t.Errorf("a new one relies on a connection that is about to be closed (%v)", err)
	}
	if h.finished() {
		t.Error("the connection is closed under somebody who waits for it")
	}
}

// TestMoved: a server that is no primary any more is left although its connection works; and so is any when nobody is left.
func TestMoved(t *testing.T) {
	cluster := redistest.StartCluster(t, 3, 0)
	s, err := Open(t.Context(), Options{Addresses: cluster.Addrs(), Cluster: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	sub, err := s.Subscribe(context.Background(), []string{"k"}, func(driver.Message) {})
	if err != nil {
		t.Fatal(err)
	}
	if s.hub.moved(&listener{addr: cluster.Addrs()[1]}) {
		t.Error("a primary is taken for something else")
	}
	if !s.hub.moved(&listener{addr: "127.0.0.1:1"}) {
		t.Error("a server that the cluster does not know is taken for one of its primaries")
	}
	sub.Stop()
	for end := time.Now().Add(5 * time.Second); !s.hub.idleNow(); time.Sleep(time.Millisecond) { // between two looks
		if time.Now().After(end) {
			t.Fatal("nobody is subscribed, and the connection stays")
		}
	}
}

func (h *hub) idleNow() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.running
}
