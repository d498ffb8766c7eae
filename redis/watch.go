package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis/internal/conn"
)

// How often a watch makes sure that it is told everything, and how long it waits between attempts when it is not.
const (
	beatInterval = driver.AliveWithin / 4
	lastBackoff  = 5 * time.Second
)

// watch follows the changes of the keys with one prefix, over a client of its own: what the server tells does not wait
// behind large answers, and the other client's calls do not pay for a connection that is always listened to.
type watch struct {
	prefix string
	link   conn.Link
	mu     sync.Mutex
	tell   func(driver.Event) // nil once stopped
	gaps   int                // how many there were
	// connections has the number that each server gave to the connection, by the server's address, and dials counts
	// those that were made until then. If anything is not as it was, there is another connection, and what happened before it
	// was made has not been told. Numbers alone are not enough: a server that was restarted begins with 1 again.
	connections map[string]int64
	dials       int64
	dialed      atomic.Int64
	cancel      context.CancelFunc
	ended       sync.WaitGroup
}

// Watch tells of every change of a key that begins with prefix, by CLIENT TRACKING in the mode BCAST.
func (s *Store) Watch(ctx context.Context, prefix string, tell func(driver.Event)) (stop func(), err error) {
	return s.watch(ctx, ctx, prefix, withoutLeases(tell))
}

// watch connects within the first context, and watches within the second.
func (s *Store) watch(connecting, ctx context.Context, prefix string, tell func(driver.Event)) (stop func(), err error) {
	w := &watch{prefix: prefix, tell: tell}
	w.link.Timeout = s.link.Timeout
	w.link.Dial = func(d *conn.Dialer) (rueidis.Client, error) { return connectTracking(s.options, d, w) }
	if err := s.begin(); err != nil {
		return nil, err
	}
	if err := w.connect(connecting, s.life); err != nil {
		w.link.Close()
		s.running.Done()
		return nil, err
	}
	var inner context.Context
	inner, w.cancel = context.WithCancel(ctx)
	unhook := context.AfterFunc(s.life, w.cancel) // Close does not wait for a beat that nobody answers
	w.ended.Go(func() {
		defer s.running.Done()
		defer unhook()
		w.run(inner)
	})
	return w.stop, nil
}

// connect waits for the first beat, not longer than the store lives.
func (w *watch) connect(ctx, life context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(life, cancel)()
	for !w.begun() {
		err := w.beat(ctx)
		if err != nil && life.Err() != nil {
			return driver.ErrClosed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// begun tells whether the first Alive has been told.
func (w *watch) begun() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.connections != nil
}

func (w *watch) run(ctx context.Context) {
	defer w.link.Close()
	defer w.silence() // first: a cluster's client may report its lost connections after it has been closed
	timer := time.NewTimer(beatInterval)
	defer timer.Stop()
	for failed := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		limited, cancel := context.WithTimeout(ctx, driver.AliveWithin)
		if err := w.beat(limited); err != nil {
			failed++
		} else {
			failed = 0
		}
		cancel()
		timer.Reset(pauseAfter(failed))
	}
}

// pauseAfter grows with the number of failures, and differs from process to process, so that they do not all come at once.
func pauseAfter(failed int) time.Duration {
	d := min(beatInterval<<min(failed, 6), lastBackoff)
	if failed == 0 {
		return d
	}
	return d/2 + rand.N(d)
}

// stop ends the watch. tell is not called any more once it has returned.
func (w *watch) stop() {
	w.silence()
	w.cancel()
	w.ended.Wait()
}

func (w *watch) silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell = nil
}

// beat asks every server for the number of the connection, twice. The second answer comes behind everything that was told of
// changes before the first question. The first one need not: a server tells of what one round of its loop has changed when that
// round is over, and answers at once. If the connection had something else for it to read already, this is possible:
//
//	the server begins a round, with a write of key and with what the connection has for it
//	the server writes key
//	this process asks; the server reads that too, and answers
//	the server tells of key
func (w *watch) beat(ctx context.Context) error {
	c, err := w.link.Client(ctx)
	if err != nil {
		return explain(err)
	}
	w.mu.Lock()
	gaps := w.gaps
	w.mu.Unlock()
	dials, asked := w.dialed.Load(), time.Now()
	servers, err := primaries(ctx, c)
	if err != nil {
		return err
	}
	var numbers [2]map[string]int64
	for i := range numbers {
		if numbers[i], err = connectionNumbers(ctx, servers); err != nil {
			return explain(err)
		}
	}
	if !maps.Equal(numbers[0], numbers[1]) {
		return errReconnected
	}
	w.alive(asked, gaps, dials, numbers[0])
	return nil
}

var errReconnected = errors.New("the connection was made again meanwhile")

// alive tells what a beat has found out. The number of dials is that before the beat: one that has begun in its midst may be for
// the connection of the next beat.
func (w *watch) alive(asked time.Time, gaps int, dials int64, numbers map[string]int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tell == nil || w.gaps != gaps {
		return // the answers may be of a connection that is lost again
	}
	if w.connections != nil && (w.dialed.Load() != w.dials || !maps.Equal(w.connections, numbers)) {
		w.gaps++
		w.tell(driver.Event{Kind: driver.Gap})
	}
	w.connections, w.dials = numbers, dials
	w.tell(driver.Event{Kind: driver.Alive, Until: asked})
}

// counted counts the connections that dial makes.
func (w *watch) counted(dial dialFunc) dialFunc {
	return func(ctx context.Context, addr string, nd *net.Dialer, config *tls.Config) (net.Conn, error) {
		conn, err := dial(ctx, addr, nd, config)
		if err == nil {
			w.dialed.Add(1)
		}
		return conn, err
	}
}

type dialFunc = func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error)

func connectionNumbers(ctx context.Context, servers map[string]rueidis.Client) (map[string]int64, error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	var failed error
	numbers := make(map[string]int64, len(servers))
	for addr, client := range servers {
		all.Go(func() {
			n, err := client.Do(ctx, client.B().ClientId().Build()).ToInt64()
			if denied(err) {
				err = fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
			}
			mu.Lock()
			defer mu.Unlock()
			failed = first(failed, err)
			numbers[addr] = n
		})
	}
	all.Wait()
	return numbers, failed
}

// invalidated is called on the goroutine that reads a connection; with nil if all keys were removed, or the connection is lost.
func (w *watch) invalidated(keys []rueidis.RedisMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tell == nil {
		return
	}
	if keys == nil {
		w.gaps++
	}
	switch {
	case w.connections == nil:
		// Nothing comes before the first Alive: a cluster's client gives connections up while it is being made.
		return
	case keys == nil:
		w.tell(driver.Event{Kind: driver.Gap})
		return
	}
	for i := range keys {
		if key, err := keys[i].ToString(); err == nil {
			w.tell(driver.Event{Kind: driver.Changed, Key: key})
		}
	}
}
