package redis

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis/internal/conn"
)

const (
	firstPause = 10 * time.Millisecond // before a lost connection is made again, at most; it doubles
	lastPause  = time.Second
	steady     = time.Second // a connection that has lasted so long was a good one
	perCommand = 1000        // channels of one SUBSCRIBE
)

// run keeps a connection while there are subscriptions.
func (h *hub) run() {
	for failures := 0; !h.idle(); {
		from := time.Now()
		h.attempt()
		if failures++; time.Since(from) > steady {
			failures = 1
		}
		h.pause(failures)
	}
}

// attempt makes a connection and serves on it until it is lost, or nobody needs it.
func (h *hub) attempt() {
	l, err := h.connect()
	if err == nil {
		defer l.close()
		err = h.resume(l)
	}
	if err != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.refuse(h.why(err))
		return
	}
	h.serve(l)
}

// idle tells whether nobody needs a connection. Then run has to end: the next request starts it again.
func (h *hub) idle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.needed() {
		return false
	}
	h.running = false
	h.forget()
	h.refuse(driver.ErrClosed) // those whose subscription was stopped while they waited
	return true
}

// needed tells whether there is anybody to serve.
func (h *hub) needed() bool { return h.store.life.Err() == nil && !h.lines.Empty() }

// refuse lets the calls that wait know why there is no connection. Subscriptions that have been there before wait for
// one. h.mu is held.
func (h *hub) refuse(err error) {
	for _, r := range h.waiting {
		r.done <- err
	}
	h.waiting = nil
}

// why says what an error on the connection means for a caller.
func (h *hub) why(err error) error {
	switch {
	case err == nil:
		return nil
	case h.store.life.Err() != nil:
		return driver.ErrClosed
	case isReply(err):
		return explain(err)
	}
	return conn.Lost(err)
}

// lose notes what has to be subscribed to again, and who may miss messages until then.
func (h *hub) lose() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range h.have {
		h.lost[key] = struct{}{}
	}
	clear(h.have)
	for _, line := range h.lines.Lines() {
		h.owed[line] = struct{}{}
	}
}

// pause waits before the next attempt for a random time, so that the processes that have lost a server do not all come
// back at once.
func (h *hub) pause(failures int) {
	t := time.NewTimer(rand.N(min(lastPause, firstPause<<min(failures-1, 10))))
	defer t.Stop()
	for h.needed() {
		select {
		case <-t.C:
			return
		case <-h.store.life.Done():
			return
		case <-h.wake: // the last one may have left
		}
	}
}

// listener is a connection for subscriptions alone. rueidis looks every second whether it is still there when nothing comes:
// one that is frozen is given up within two seconds and Options.Timeout.
type listener struct {
	client rueidis.DedicatedClient
	addr   string
	lost   <-chan error
	muted  atomic.Bool
}

var errNoServer = errors.New("no server is known")

// connect takes a connection to a primary; in a cluster to any, because messages go to all of them.
func (h *hub) connect() (*listener, error) {
	ctx, cancel := h.limit()
	defer cancel()
	c, err := h.store.client(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := primaries(ctx, c)
	if err != nil {
		return nil, err
	}
	for addr, node := range nodes { // in random order
		return h.listen(ctx, c, addr, node)
	}
	return nil, errNoServer
}

// listen waits for a connection that has to be made first.
func (h *hub) listen(ctx context.Context, c *conn.Client, addr string, node rueidis.Client) (*listener, error) {
	for range conn.Redials {
		l := h.dedicate(addr, node)
		select {
		case err := <-l.lost:
			l.close()
			if err := c.Reconnect(ctx, err); err != nil {
				return nil, err
			}
		default:
			return l, nil
		}
	}
	return nil, errNoServer
}

func (h *hub) dedicate(addr string, node rueidis.Client) *listener {
	l := &listener{addr: addr}
	l.client, _ = node.Dedicate()
	l.lost = l.client.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: func(m rueidis.PubSubMessage) {
		if !l.muted.Load() {
			h.heard(m)
		}
	}})
	return l
}

// close ends the connection; what it still gets is told to nobody.
func (l *listener) close() {
	l.muted.Store(true)
	l.client.Close()
}

// subscribe returns the error of the first channels that the server refuses.
func (l *listener) subscribe(ctx context.Context, keys []string) error {
	cmds := make([]rueidis.Completed, 0, len(keys)/perCommand+1)
	for some := range slices.Chunk(keys, perCommand) {
		cmds = append(cmds, l.client.B().Subscribe().Channel(some...).Build())
	}
	for _, reply := range l.client.DoMulti(ctx, cmds...) {
		if err := reply.Error(); err != nil {
			return err
		}
	}
	return nil
}

// resume subscribes to what a lost connection had, and then tells those who may have missed something: who looks for
// himself after that and finds nothing will be told.
func (h *hub) resume(l *listener) error {
	h.mu.Lock()
	var keys []string
	for key := range h.lost {
		if h.book.Has(key) {
			keys = append(keys, key)
		}
	}
	h.mu.Unlock()
	ctx, cancel := h.limit()
	defer cancel()
	if err := l.subscribe(ctx, keys); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.acknowledged(keys)
	for line := range h.owed {
		line.Lose()
	}
	clear(h.lost)
	clear(h.owed)
	return nil
}

// limit bounds what a server that is silent may take.
func (h *hub) limit() (context.Context, context.CancelFunc) {
	return context.WithTimeout(h.store.life, orDefault(h.store.options.Timeout, defaultTimeout))
}

// serve does what is asked for until the connection is lost, the server is not the right one any more or there is nobody
// left.
func (h *hub) serve(l *listener) {
	tick := time.NewTicker(conn.Refresh)
	defer tick.Stop()
	for !h.finished() {
		if !h.round(l) {
			h.lose()
			return
		}
		select {
		case <-h.wake:
		case err := <-l.lost:
			h.store.logger.Debug("larder: redis: the connection of the subscriptions is lost", "reason", err)
			h.lose()
			return
		case <-tick.C:
			if h.moved(l) {
				h.lose()
				return
			}
		case <-h.store.life.Done():
		}
	}
}

// finished tells whether nobody needs the connection any more. Who comes from now on does not rely on what it has.
func (h *hub) finished() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.needed() {
		return false
	}
	h.forget()
	return true
}

// moved tells whether the server at the other end is not a primary any more: one that was cut off from its sentinels, or from
// its cluster, keeps its connections, and is told of nothing.
func (h *hub) moved(l *listener) bool {
	c, err := h.store.client(h.store.life)
	if err != nil || c.Mode() == rueidis.ClientModeStandalone {
		return false
	}
	ctx, cancel := h.limit()
	defer cancel()
	nodes, err := primaries(ctx, c)
	return err == nil && nodes[l.addr] == nil
}

// round subscribes for the requests that have come, each by itself because the server may refuse one of them, and
// unsubscribes from what nobody wants any more. It tells whether the connection still works.
func (h *hub) round(l *listener) bool {
	free, requests := h.due()
	ctx, cancel := h.limit()
	defer cancel()
	works := true
	if len(free) > 0 {
		err := l.client.Do(ctx, l.client.B().Unsubscribe().Channel(free...).Build()).NonRedisError()
		works = err == nil
	}
	cmds := make([]rueidis.Completed, len(requests))
	for i, r := range requests {
		cmds[i] = l.client.B().Subscribe().Channel(r.keys...).Build()
	}
	for i, reply := range l.client.DoMulti(ctx, cmds...) {
		works = works && reply.NonRedisError() == nil
		h.answer(requests[i], reply.Error())
	}
	return works
}

// due returns what has to be done. Requests for what is there already are answered.
func (h *hub) due() (free []string, requests []*request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range h.free {
		if _, ok := h.have[key]; ok && !h.book.Has(key) {
			free = append(free, key)
			delete(h.have, key)
		}
	}
	clear(h.free)
	for _, r := range h.waiting {
		if r.keys = h.missing(r.keys); len(r.keys) > 0 {
			requests = append(requests, r)
		} else {
			r.done <- nil
		}
	}
	h.waiting = nil
	return free, requests
}

// answer ends a request.
func (h *hub) answer(r *request, err error) {
	if err == nil {
		h.mu.Lock()
		h.acknowledged(r.keys)
		h.mu.Unlock()
	}
	r.done <- h.why(err)
}

// acknowledged notes channels that the server tells of. Those that nobody wants any more go in the next round. h.mu is held.
func (h *hub) acknowledged(keys []string) {
	for _, key := range keys {
		h.have[key] = struct{}{}
		if !h.book.Has(key) {
			h.free[key] = struct{}{}
			h.nudge()
		}
	}
}
