package memcached

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// Ping makes a round trip to every server and tells their versions. One that is down is a note that says why, as long as another
// answers: its keys are errors, and those of the others as always.
func (s *Store) Ping(ctx context.Context) (driver.Server, error) {
	versions := make([]string, len(s.nodes))
	errs := s.onAll(func(i int, n *node) error {
		l, err := n.line(ctx)
		if err != nil {
			return err
		}
		t := target{line: l, node: n}
		call := meta.NewCall()
		call.Get(meta.Key{Name: "larder:ping"}, meta.Size)
		if err := t.ask(ctx, call); err != nil {
			return err
		}
		call.Free()
		versions[i] = t.line.hello.Version
		return nil
	})
	down, err := s.lost(errs)
	if err != nil {
		return driver.Server{}, err
	}
	slices.Sort(versions)
	versions = slices.Compact(slices.DeleteFunc(versions, func(v string) bool { return v == "" })) // "": down
	server := driver.Server{Version: "memcached " + strings.Join(versions, ", ")}
	if len(s.nodes) > 1 {
		server.Notes = []driver.Fact{
			{Name: "servers", Value: int64(len(s.nodes))}, {Name: "hash", Value: string(s.options.Hash)},
		}
	}
	server.Notes = append(server.Notes, downFacts(down, errs)...)
	return server, nil
}

// downFacts tell of servers that are down.
func downFacts(down []int, errs []error) []driver.Fact {
	if len(down) == 0 {
		return nil
	}
	return []driver.Fact{{Name: "down", Value: causes(down, errs)}}
}

func causes(down []int, errs []error) string {
	texts := make([]string, len(down))
	for j, i := range down {
		texts[j] = errs[i].Error()
	}
	return strings.Join(texts, "; ")
}

// single is the only error there is, so that it reads well, or all of them.
func single(errs []error, joined error) error {
	errs = slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return joined
}

// reported are what Report adds up over the servers, under our names.
var reported = []struct{ name, stat string }{
	{"entries", "curr_items"}, {"bytes", "bytes"}, {"max_bytes", "limit_maxbytes"}, {"evictions", "evictions"},
	{"hits", "get_hits"}, {"misses", "get_misses"}, {"connections", "curr_connections"},
}

// Report tells what the servers count, together; without those that are down, of which a fact tells.
func (s *Store) Report(ctx context.Context) ([]driver.Fact, error) {
	sums := make([]int64, len(reported))
	var mu sync.Mutex
	errs := s.converseAll(ctx, func(session *meta.Session) error {
		stats, err := session.Stats("")
		mu.Lock()
		defer mu.Unlock()
		for i, r := range reported {
			n, _ := strconv.ParseInt(stats[r.stat], 10, 64)
			sums[i] += n
		}
		return err
	})
	down, err := s.lost(errs)
	if err != nil {
		return nil, err
	}
	facts := make([]driver.Fact, 0, len(reported)+1)
	for i, r := range reported {
		facts = append(facts, driver.Fact{Name: r.name, Value: sums[i]})
	}
	return append(facts, downFacts(down, errs)...), nil
}

// converse has a conversation with every server, on connections of their own.
func (s *Store) converse(ctx context.Context, talk func(*meta.Session) error) error {
	errs := s.converseAll(ctx, talk)
	return single(errs, errors.Join(errs...))
}

func (s *Store) converseAll(ctx context.Context, talk func(*meta.Session) error) []error {
	return s.onAll(func(_ int, n *node) error {
		if s.isClosed() {
			return driver.ErrClosed
		}
		return s.converseWith(ctx, n, talk)
	})
}

func (s *Store) converseWith(ctx context.Context, n *node, talk func(*meta.Session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := s.untilClosed(ctx)
	defer cancel()
	session, _, err := n.session(ctx)
	if err == nil {
		defer session.Close()
		err = session.Within(ctx, func() error { return talk(session) })
	}
	refused := new(meta.ServerError)
	switch {
	case err == nil:
		return nil
	case s.isClosed():
		return driver.ErrClosed
	case errors.As(err, &refused):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &downError{n.address, err}
}

// untilClosed is a context that also ends with the store.
func (s *Store) untilClosed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := make(chan struct{})
	go func() {
		select {
		case <-s.closed:
			cancel()
		case <-stop:
		case <-ctx.Done():
		}
	}()
	return ctx, func() { close(stop); cancel() }
}

// ClearAll empties every server. Nobody counts.
func (s *Store) ClearAll(ctx context.Context) (int, error) {
	if err := s.converse(ctx, (*meta.Session).Flush); err != nil {
		return 0, err
	}
	return -1, nil
}
