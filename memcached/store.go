package memcached

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// Name is the engine's name, in errors and logs.
const Name = "memcached"

// Store is a connection to each of some servers. It is safe for concurrent use.
type Store struct {
	options Options
	logger  *slog.Logger
	nodes   []*node
	place   placement
	closing sync.Once
	closed  chan struct{}
}

// Open connects to all servers within ctx, unless o.Lazy; one of them is enough. The store does not depend on ctx afterwards.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Hash == "" {
		o.Hash = Ketama
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Store{options: o, logger: o.Logger, closed: make(chan struct{})}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	addresses := make([]string, len(o.Addresses))
	for i, a := range o.Addresses {
		addresses[i] = withPort(a)
		s.nodes = append(s.nodes, &node{address: addresses[i], options: &s.options, logger: s.logger})
	}
	var err error
	if s.place, err = newPlacement(o, addresses); err != nil || o.Lazy {
		return s, err
	}
	if err := s.connectAll(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// connectAll fails if no server answers, or if one of them is not what it should be: too old, say. One that is only down is told
// of, and tried again when it is needed.
func (s *Store) connectAll(ctx context.Context) error {
	errs := s.onAll(func(_ int, n *node) error { _, err := n.line(ctx); return err })
	down, err := s.lost(errs)
	for _, i := range down {
		s.logger.Warn("larder: memcached: a server is down", "server", s.nodes[i].address, "error", errs[i])
	}
	return err
}

// lost are the servers that are only down, by the errors of all. It is an error if all are, or if anything else is wrong with one.
func (s *Store) lost(errs []error) (down []int, err error) {
	for i, err := range errs {
		switch {
		case err == nil:
		case !isDown(err) || errors.Is(err, meta.ErrRefused):
			return nil, err
		default:
			down = append(down, i)
		}
	}
	if len(down) == len(errs) {
		return nil, single(errs, errors.Join(errs...))
	}
	return down, nil
}

// onAll does something with every server, at the same time.
func (s *Store) onAll(do func(i int, n *node) error) []error {
	errs := make([]error, len(s.nodes))
	var all sync.WaitGroup
	for i, n := range s.nodes {
		all.Go(func() { errs[i] = do(i, n) })
	}
	all.Wait()
	return errs
}

// Close ends every connection and goroutine. A second Close does nothing.
func (s *Store) Close() error {
	s.closing.Do(func() {
		close(s.closed)
		for _, n := range s.nodes {
			n.close()
		}
	})
	return nil
}

// EngineName returns Name.
func (*Store) EngineName() string { return Name }

// target is where a key is.
type target struct {
	key   meta.Key
	text  string // the caller's key
	line  *line
	node  *node
	named *generations // by which key was named; nil without Options.Generations
}

// find connects to the server that has a key.
func (s *Store) find(ctx context.Context, key string) (target, error) {
	k, err := s.wire(key)
	if err != nil {
		return target{}, err
	}
	n := s.nodeOf(k)
	l, err := n.line(ctx)
	if err != nil && s.options.OnDown == Rehash && isDown(err) {
		n, l, err = s.findElsewhere(ctx, k, err)
	}
	t := target{key: k, text: key, line: l, node: n}
	if err == nil && s.options.Generations {
		if err = t.enter(ctx); err == nil {
			t.key = t.named.name(key, k)
		}
	}
	return t, err
}

func (s *Store) nodeOf(k meta.Key) *node {
	if len(s.nodes) == 1 {
		return s.nodes[0]
	}
	return s.nodes[s.place(k.String())]
}

// rehashMost is how often python-memcached looks for another server.
const rehashMost = 10

// findElsewhere is python-memcached's rule for the keys of a dead server.
func (s *Store) findElsewhere(ctx context.Context, k meta.Key, err error) (*node, *line, error) {
	h := crc(k.String())
	for round := range rehashMost - 1 {
		h = rehash(h, round)
		n := s.nodes[int(h%uint32(len(s.nodes)))]
		l, err2 := n.line(ctx)
		if err2 == nil {
			return n, l, nil
		}
		if !isDown(err2) {
			return nil, nil, err2
		}
	}
	return nil, nil, err
}

// do sends a call on the key.
func (t *target) do(ctx context.Context, call *meta.Call) error {
	if err := t.send(ctx, call); err != nil {
		return err
	}
	return t.judge(ctx, call, true)
}

// ask is do for calls that only read: they are sent again if the connection turns out to be dead.
func (t *target) ask(ctx context.Context, call *meta.Call) error {
	if err := t.sendRead(ctx, call); err != nil {
		return err
	}
	return t.judge(ctx, call, false)
}

// send sends a call. One that was not sent, because the connection had ended meanwhile, is sent on the next one.
func (t *target) send(ctx context.Context, call *meta.Call) error {
	err := t.line.Do(ctx, call)
	if err == nil {
		return nil
	}
	return t.redo(ctx, call, err)
}

var errRestarted = errors.New("it was restarted meanwhile")

func (t *target) redo(ctx context.Context, call *meta.Call, err error) error {
	if unsent := new(meta.NotSent); !errors.As(err, &unsent) {
		return t.explain(err)
	}
	l, err2 := t.node.line(ctx)
	switch {
	case err2 != nil:
		return err2
	case call.Guarded() != nil: // names may be others on this line
		return &staleError{t.explain(err)}
	case call.Compares() && l.life != t.line.life:
		return &downError{t.node.address, errRestarted}
	}
	t.line = l
	return t.explain(l.Do(ctx, call))
}

// sendRead also sends a call again that was lost with its connection.
func (t *target) sendRead(ctx context.Context, call *meta.Call) error {
	err := t.send(ctx, call)
	if err == nil || !isDown(err) || errors.Is(err, meta.ErrSilent) {
		return err
	}
	l, err2 := t.node.line(ctx)
	switch {
	case err2 != nil:
		return err2
	case call.Guarded() != nil:
		return &staleError{err}
	}
	t.line = l
	call.Again()
	return t.send(ctx, call)
}

// explain says what the end of a connection means.
func (t *target) explain(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, meta.ErrClosed):
		return driver.ErrClosed
	}
	return &downError{t.node.address, fmt.Errorf("the connection was lost before the answer came: %w", err)}
}

func isDown(err error) bool {
	down := new(downError)
	return errors.As(err, &down)
}
