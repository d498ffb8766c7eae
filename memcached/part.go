package memcached

import (
	"context"
	"slices"
	"sync"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/meta"
)

// partKeys is how many keys are asked for in one call: the answers to it are in memory together.
const partKeys = 2000

// part is those keys of a batch that are on one server.
type part struct {
	target
	keys []meta.Key
	at   []int // where each is in the batch
}

// eachNode does something with the keys of each server, with all servers at the same time. What fails on one server is the failure of
// its keys; if that is all of them, it is the batch's.
func (s *Store) eachNode(ctx context.Context, keys []string, do func(context.Context, *part) error, fail func(at int, err error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.isClosed() {
		return driver.ErrClosed
	}
	parts := s.split(keys, fail)
	errs := make([]error, len(parts))
	var others sync.WaitGroup
	for i := 1; i < len(parts); i++ {
		others.Go(func() { errs[i] = s.onPart(ctx, parts[i], do) })
	}
	if len(parts) > 0 {
		errs[0] = s.onPart(ctx, parts[0], do)
	}
	others.Wait()
	if err := allFailed(errs); err != nil {
		return err
	}
	for i, err := range errs {
		if err != nil {
			for _, at := range parts[i].at {
				fail(at, err)
			}
		}
	}
	return nil
}

func (s *Store) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// allFailed returns an error if there is no part without one.
func allFailed(errs []error) error {
	if len(errs) == 0 || slices.Contains(errs, nil) {
		return nil
	}
	for _, err := range errs {
		if !isDown(err) {
			return err
		}
	}
	return errs[0]
}

// onPart connects to the part's server.
func (s *Store) onPart(ctx context.Context, p *part, do func(context.Context, *part) error) (err error) {
	p.line, err = p.node.line(ctx)
	if err != nil {
		return err
	}
	return do(ctx, p)
}

// split groups keys by their servers, and into calls of a bounded length: those of one server stand in one part if they are not
// too many. A key that cannot be stored fails alone.
func (s *Store) split(keys []string, fail func(at int, err error)) []*part {
	var parts []*part
	open := make(map[*node]*part, len(s.nodes))
	for i, key := range keys {
		k, err := s.wire(key)
		if err != nil {
			fail(i, err)
			continue
		}
		n := s.alive(k)
		p := open[n]
		if p == nil || len(p.keys) == partKeys {
			room := min(len(keys), partKeys)
			p = &part{target: target{node: n}, keys: make([]meta.Key, 0, room), at: make([]int, 0, room)}
			open[n] = p
			parts = append(parts, p)
		}
		p.keys = append(p.keys, k)
		p.at = append(p.at, i)
	}
	return parts
}

// alive is the server that has a key, or with on_down=rehash the one that is asked instead.
func (s *Store) alive(k meta.Key) *node {
	n := s.nodeOf(k)
	if s.options.OnDown != Rehash || !n.isDown() {
		return n
	}
	h := crc(k.String())
	for round := range rehashMost - 1 {
		h = rehash(h, round)
		if other := s.nodes[int(h%uint32(len(s.nodes)))]; !other.isDown() {
			return other
		}
	}
	return n
}

// one is the part's key i as a target.
func (p *part) one(i int) *target { return &target{key: p.keys[i], line: p.line, node: p.node} }

// keyErrors names the keys that have errors.
func keyErrors(keys []string, errs []error) error {
	var failed driver.KeyErrors
	for i, err := range errs {
		if err == nil {
			continue
		}
		if failed == nil {
			failed = driver.KeyErrors{}
		}
		failed[keys[i]] = err
	}
	return failed.OrNil()
}
