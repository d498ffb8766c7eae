package memcached

import (
	"context"
	"slices"
	"sync"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// partKeys is how many keys are asked for in one call: the answers to it are in memory together.
const partKeys = 2000

// part is those keys of a batch that are on one server.
type part struct {
	target
	keys    []meta.Key
	texts   []string // of the batch
	at      []int    // where each is in the batch
	written int      // how many a SetMany has done with
	fates   []fate   // of the keys' calls; nil: all count
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
		others.Go(func() { errs[i] = s.onPart(ctx, parts[i], do, fail) })
	}
	if len(parts) > 0 {
		errs[0] = s.onPart(ctx, parts[0], do, fail)
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

// onPart connects to the part's server and does it, again if the keys have other names by now.
func (s *Store) onPart(ctx context.Context, p *part, do func(context.Context, *part) error, fail func(int, error)) (err error) {
	for try := 0; again(try, &err); try++ {
		if p.line, err = p.node.line(ctx); err == nil && s.options.Generations {
			err = p.enter(ctx)
		}
		if err == nil {
			err = do(ctx, p)
		}
		if err == nil && p.fates != nil {
			err = p.repeat(fail)
		}
	}
	return err
}

// repeat leaves only the keys in the part that have to be done again, if any.
func (p *part) repeat(fail func(at int, err error)) error {
	left := part{target: p.target, texts: p.texts}
	for i, f := range p.fates {
		switch f {
		case nowhere:
			left.keys, left.at = append(left.keys, p.keys[i]), append(left.at, p.at[i])
		case unsure:
			fail(p.at[i], errUnsure)
		}
	}
	*p = left
	if len(p.keys) == 0 {
		return nil
	}
	return &staleError{}
}

// counts tells whether what a call did to key i is not to be done again.
func (p *part) counts(i int) bool { return p.fates == nil || p.fates[i] == stands }

// do sends a call on all the keys.
func (p *part) do(ctx context.Context, call *meta.Call) error {
	return p.doSome(ctx, call, 0, len(p.keys))
}

// doSome sends a call on some of the keys.
func (p *part) doSome(ctx context.Context, call *meta.Call, from, to int) error {
	if err := p.send(ctx, call); err != nil {
		return err
	}
	return p.judge(ctx, call, from, to, true)
}

// ask is do for calls that only read.
func (p *part) ask(ctx context.Context, call *meta.Call) error {
	if err := p.sendRead(ctx, call); err != nil {
		return err
	}
	return p.judge(ctx, call, 0, len(p.keys), false)
}

// judge finds out for which keys a call on some of them counts.
func (p *part) judge(ctx context.Context, call *meta.Call, from, to int, writes bool) error {
	if p.isUnchanged(call) {
		return nil
	}
	now, err := p.renew(ctx, call)
	if err != nil {
		return err
	}
	for i := from; i < to; i++ {
		f := now.fate(p.texts[p.at[i]], p.keys[i], p.named.cas, call.Guarded())
		if f == unsure && !writes {
			f = nowhere
		}
		if f != stands && p.fates == nil {
			p.fates = make([]fate, len(p.keys))
		}
		if p.fates != nil {
			p.fates[i] = f
		}
	}
	return nil
}

// enter names the keys by their generations.
func (p *part) enter(ctx context.Context) error {
	if err := p.target.enter(ctx); err != nil {
		return err
	}
	for i, at := range p.at {
		p.keys[i] = p.named.name(p.texts[at], p.keys[i])
	}
	return nil
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
			p = &part{target: target{node: n}, texts: keys, keys: make([]meta.Key, 0, room), at: make([]int, 0, room)}
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
