package memcached

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// GetMany asks all servers at the same time, each in one round trip. Only what is there is answered.
func (s *Store) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	results, room := make([]driver.Result, len(keys)), newInflation(len(keys))
	err := s.eachNode(ctx, keys, func(ctx context.Context, p *part) error {
		call := p.call()
		ends := call.GetAll(p.keys)
		if err := p.ask(ctx, call); err != nil {
			return err
		}
		if end := call.Reply(ends); end.Status != meta.NoOp {
			return odd(end)
		}
		for i, at := range p.at {
			results[at].Value, results[at].Err = room.valueOf(call.Reply(i))
		}
		call.Free()
		return nil
	}, func(at int, err error) { results[at].Err = s.orMiss(err) })
	if err != nil && s.orMiss(err) != nil {
		return nil, err
	}
	if err != nil {
		for i := range results {
			results[i].Err = driver.ErrMiss
		}
	}
	return results, nil
}

// getAll reads all keys of the part. The last one is answered in any case, which ends the silence of the others.
func (p *part) getAll(call *meta.Call, what string) {
	last := len(p.keys) - 1
	for _, k := range p.keys[:last] {
		call.GetQuietly(k, what)
	}
	call.Get(p.keys[last], what)
}

// SetMany stores each item as Set does.
func (s *Store) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	keys := make([]string, len(items))
	for i, item := range items {
		keys[i] = item.Key
	}
	errs := make([]error, len(items))
	err := s.eachNode(ctx, keys, func(ctx context.Context, p *part) error {
		expiry, err := p.line.expiry(ttl)
		if err != nil {
			return err
		}
		return p.inPieces(items, func(from, to int) error {
			w := writing{part: p, from: from, to: to, items: items, expiry: expiry, errs: errs}
			return w.run(ctx)
		})
	}, func(at int, err error) { errs[at] = err })
	if err != nil {
		return err
	}
	return keyErrors(keys, errs)
}

// pieceBytes is how much is written in one call: the values are copied into it.
const pieceBytes = 1 << 20

// inPieces calls do for ranges of the part's keys whose values are not too much together. If it is called again, it goes on behind what was
// done without an error.
func (p *part) inPieces(items []driver.Item, do func(from, to int) error) error {
	for p.written < len(p.at) {
		to, size := p.written, 0
		for to < len(p.at) && (to == p.written || size+len(items[p.at[to]].Value) <= pieceBytes) {
			size += len(items[p.at[to]].Value)
			to++
		}
		if err := do(p.written, to); err != nil {
			return err
		}
		p.written = to
	}
	return nil
}

// writing is a piece of a SetMany.
type writing struct {
	*part
	from, to int
	items    []driver.Item
	expiry   int64
	errs     []error
}

func (w *writing) run(ctx context.Context) error {
	if err := w.settleAll(ctx, w.tooLarge()); err != nil {
		return err
	}
	call := w.call()
	for i := w.from; i < w.to; i++ {
		value := w.items[w.at[i]].Value
		if w.line.tooLarge(w.keys[i], value) {
			w.one(i).voidLease(call)
			call.Delete(w.keys[i], 0)
		} else {
			w.one(i).lookAtLease(call)
			call.Set(w.keys[i], meta.Item{Data: value, Flags: flagsOf(value), TTL: w.expiry})
		}
	}
	if err := w.doSome(ctx, call, w.from, w.to); err != nil {
		return err
	}
	for i := w.from; i < w.to; i++ {
		j := 2 * (i - w.from)
		w.errs[w.at[i]] = w.stored(ctx, i, call.Reply(j), call.Reply(j+1))
	}
	call.Free()
	return nil
}

// tooLarge are the items that the server would not take, whose keys are deleted.
func (w *writing) tooLarge() (items []int) {
	for i := w.from; i < w.to; i++ {
		if w.line.tooLarge(w.keys[i], w.items[w.at[i]].Value) {
			items = append(items, i)
		}
	}
	return items
}

// stored finishes one item. What the server turns out to refuse, and what could not be stored, is deleted.
func (w *writing) stored(ctx context.Context, i int, lease, change *meta.Reply) error {
	t := w.one(i)
	if w.line.tooLarge(w.keys[i], w.items[w.at[i]].Value) {
		_, err := t.removed(ctx, lease, change)
		return orTooLarge(err)
	}
	if change.Status == meta.OK {
		return t.void(ctx, lease)
	}
	err := odd(change)
	if errors.Is(err, driver.ErrTooLarge) {
		_, err = t.remove(ctx, meta.NewCall())
		return orTooLarge(err)
	}
	return err
}

func orTooLarge(err error) error {
	if err != nil {
		return err
	}
	return driver.ErrTooLarge
}

// DeleteMany removes the keys, and voids the lease of each first, as Delete does.
func (s *Store) DeleteMany(ctx context.Context, keys []string) (int, error) {
	var removed atomic.Int64
	errs := make([]error, len(keys))
	err := s.eachNode(ctx, keys, func(ctx context.Context, p *part) error {
		all := make([]int, len(p.keys))
		for i := range all {
			all[i] = i
		}
		if err := p.settleAll(ctx, all); err != nil {
			return err
		}
		call := p.call()
		for i := range p.keys {
			p.one(i).voidLease(call)
			call.Delete(p.keys[i], 0)
		}
		if err := p.do(ctx, call); err != nil {
			return err
		}
		for i, at := range p.at {
			var was bool
			was, errs[at] = p.one(i).removed(ctx, call.Reply(2*i), call.Reply(2*i+1))
			if was && p.counts(i) {
				removed.Add(1)
			}
		}
		call.Free()
		return nil
	}, func(at int, err error) { errs[at] = err })
	if err != nil {
		return 0, err
	}
	return int(removed.Load()), keyErrors(keys, errs)
}
