package conn

import (
	"math/rand/v2"
	"time"

	"github.com/larder-go/larder/redis/internal/wire"
)

// How soon a server is tried again that could not be connected to, and how long a connection that nobody fetches is kept: longer
// than rueidis takes between two looks at who is who.
const (
	firstRedial = 10 * time.Millisecond
	lastRedial  = time.Second
	readyFor    = 3 * Refresh
)

// host is what is known of one address.
type host struct {
	open     int
	suspect  bool          // a connection to it was lost, or could not be made
	ready    *wire.Conn    // to be fetched
	expires  time.Time     // of ready
	dialing  chan struct{} // closed when the attempt that is under way has ended; nil: none is
	failures int           // in a row
	err      error         // of the last
	next     time.Time     // not tried again before
}

func (d *Dialer) host(addr string) *host {
	h := d.hosts[addr]
	if h == nil {
		h = &host{}
		d.hosts[addr] = h
	}
	return h
}

// fetch returns the connection that has been made, unless its server may have hung up.
func (h *host) fetch() *wire.Conn {
	w := h.ready
	h.ready = nil
	if w != nil && time.Now().After(h.expires) {
		go func() { _ = w.Close() }() // which takes d.mu
		return nil
	}
	return w
}

// ended notes the outcome of an attempt.
func (h *host) ended(w *wire.Conn, err error) {
	close(h.dialing)
	h.dialing = nil
	h.err = err
	if err == nil {
		h.ready, h.expires = w, time.Now().Add(readyFor)
		h.failures, h.suspect, h.next = 0, false, time.Time{}
		return
	}
	h.suspect = true
	pause := min(firstRedial<<min(h.failures, 10), lastRedial)
	h.failures++
	h.next = time.Now().Add(pause/2 + rand.N(pause))
}
