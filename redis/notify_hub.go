package redis

import (
	"context"
	"sync"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/pubsub"
)

// hub keeps what the subscriptions of a store want apart from what the connection that they share has. A goroutine, which is
// there while there are subscriptions, makes the second follow the first: see notify_listen.go.
type hub struct {
	store *Store
	book  pubsub.Book   // what is wanted
	lines pubsub.Group  // by whom
	wake  chan struct{} // has room for one: there is something to do

	mu      sync.Mutex
	running bool
	waiting []*request
	// have are the channels that the server has acknowledged on the connection at hand: what is published is heard.
	have map[string]struct{}
	// free are channels that nobody wanted any more at some time since the last round.
	free map[string]struct{}
	// lost are the channels of a connection that is lost, and owed those who are to be told so once there is another.
	lost map[string]struct{}
	owed map[*pubsub.Line]struct{}
}

// request is a call of Add that waits for its channels.
type request struct {
	keys []string
	done chan error // has room for one
}

func newHub(s *Store) *hub {
	h := &hub{store: s, wake: make(chan struct{}, 1)}
	h.forget()
	return h
}

// forget makes everything empty that concerns connections.
func (h *hub) forget() {
	h.have, h.free, h.lost = map[string]struct{}{}, map[string]struct{}{}, map[string]struct{}{}
	h.owed = map[*pubsub.Line]struct{}{}
}

// add returns when the server has acknowledged all of the keys.
func (h *hub) add(ctx context.Context, l *pubsub.Line, keys []string) error {
	added, r, err := h.request(l, keys)
	if r == nil || err != nil {
		return err
	}
	h.nudge()
	select {
	case err = <-r.done:
	case <-ctx.Done():
		err = ctx.Err()
	case <-h.store.life.Done():
		err = driver.ErrClosed
	}
	if err != nil {
		h.remove(l, added)
	}
	return err
}

// request notes what l wants. There is nothing to wait for if the server tells of all that already.
func (h *hub) request(l *pubsub.Line, keys []string) (added []string, r *request, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	added, ok := h.book.Add(l, keys)
	if !ok || h.store.life.Err() != nil {
		return nil, nil, driver.ErrClosed
	}
	missing := h.missing(keys)
	if len(missing) == 0 {
		return added, nil, nil
	}
	r = &request{keys: missing, done: make(chan error, 1)}
	h.waiting = append(h.waiting, r)
	h.start()
	return added, r, nil
}

// start has the goroutine running. h.mu is held.
func (h *hub) start() {
	if h.running || h.store.begin() != nil {
		return // who waits hears from ctx that the store is closed
	}
	h.running = true
	go func() {
		defer h.store.running.Done()
		h.run()
	}()
}

// missing returns those of the keys that the connection does not have. h.mu is held.
func (h *hub) missing(keys []string) []string {
	var missing []string
	for _, key := range keys {
		if _, ok := h.have[key]; !ok {
			missing = append(missing, key)
		}
	}
	return missing
}

func (h *hub) remove(l *pubsub.Line, keys []string) { h.release(h.book.Remove(l, keys)) }

// end closes a line, without waiting for a call of tell.
func (h *hub) end(l *pubsub.Line) {
	free := h.book.Close(l)
	h.lines.Leave(l)
	h.release(free)
}

// release has the server told that nobody wants these channels, unless somebody does again by then.
func (h *hub) release(free []string) {
	h.mu.Lock()
	for _, key := range free {
		if _, ok := h.have[key]; ok {
			h.free[key] = struct{}{}
		}
	}
	h.mu.Unlock()
	h.nudge()
}

func (h *hub) nudge() {
	select {
	case h.wake <- struct{}{}:
	default: // it has been nudged, and not looked yet
	}
}

// heard is called with every message, on the goroutine that reads the connection.
func (h *hub) heard(m rueidis.PubSubMessage) {
	if h.book.Has(m.Channel) {
		h.book.Publish(m.Channel, []byte(m.Message))
	}
}

// close ends every subscription, and returns when nobody is told anything any more. The store waits for the goroutine.
func (h *hub) close() {
	lines := h.lines.Close()
	for _, l := range lines {
		h.end(l)
	}
	for _, l := range lines {
		l.Wait()
	}
}
