package memcached

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/meta"
)

// fill is a Fill on one server. What is in its lists are places in part's.
type fill struct {
	*part
	fillings []driver.Filling // of all servers
	expiry   int64
	filled   []bool
	failed   map[int]error
}

// Fill stores what was loaded under leases: see lease_void.go for how.
func (s *Store) Fill(ctx context.Context, fillings []driver.Filling, ttl time.Duration) ([]bool, error) {
	keys := make([]string, len(fillings))
	for i, f := range fillings {
		keys[i] = f.Key
	}
	filled := make([]bool, len(fillings))
	errs := make([]error, len(fillings))
	err := s.eachNode(ctx, keys, func(ctx context.Context, b *part) error {
		expiry, err := b.line.expiry(ttl)
		if err != nil {
			return err
		}
		f := fill{part: b, fillings: fillings, expiry: expiry, filled: filled, failed: map[int]error{}}
		err = f.run(ctx)
		for at, err := range f.failed {
			errs[at] = err
		}
		return err
	}, func(at int, err error) { errs[at] = err })
	if err != nil {
		return nil, err
	}
	return filled, keyErrors(keys, errs)
}

func (f *fill) run(ctx context.Context) error {
	held, states, err := f.mark(ctx)
	if err != nil || len(held) == 0 {
		return err
	}
	call := meta.NewCall()
	for j, i := range held {
		value := f.fillings[f.at[i]].Value
		call.Set(f.keys[i], meta.Item{Data: value, Flags: flagsOf(value), TTL: f.expiry, Mode: meta.Add, Tell: true})
		call.Delete(leaseOf(f.keys[i]), states[j])
	}
	if err := f.do(ctx, call); err != nil {
		return err
	}
	for j, i := range held {
		if err := f.check(ctx, i, call.Reply(2*j), call.Reply(2*j+1)); err != nil {
			return err
		}
	}
	call.Free()
	return nil
}

// mark makes leases that are held those of a fill, and returns which these are, with the states that they are in now.
func (f *fill) mark(ctx context.Context) (held []int, states []uint64, err error) {
	call := f.call()
	var asked []int
	for i, k := range f.keys {
		filling := f.fillings[f.at[i]]
		cas, lost := f.line.lost(filling.Lease)
		switch {
		case lost:
			continue
		case f.line.tooLarge(k, filling.Value):
			f.failed[f.at[i]] = driver.ErrTooLarge
			call.Delete(leaseOf(k), cas)
		default:
			call.Set(leaseOf(k), meta.Item{Data: fillingMark, Flags: fillingFlags, TTL: fillTime, CAS: cas, Tell: true})
		}
		asked = append(asked, i)
	}
	if len(asked) == 0 {
		return nil, nil, ctx.Err()
	}
	if err := f.do(ctx, call); err != nil {
		return nil, nil, err
	}
	for j, i := range asked {
		r := call.Reply(j)
		switch {
		case r.Err != nil:
			f.failed[f.at[i]] = r.Err
		case r.Status != meta.OK || f.failed[f.at[i]] != nil:
		case f.counts(i):
			held, states = append(held, i), append(states, r.CAS)
		default: // its generation is over, and a Delete that has not noticed would wait for it
			if _, err := f.one(i).dropLease(ctx, r.CAS); err != nil {
				return nil, nil, err
			}
		}
	}
	call.Free()
	return held, states, nil
}

// check finds out what became of one: if the lease is no longer there, because the server was emptied or has forgotten it, nobody
// has kept a deleter away, and what was stored is taken back.
func (f *fill) check(ctx context.Context, i int, added, released *meta.Reply) error {
	switch {
	case added.Status == meta.Failed:
		f.failed[f.at[i]] = odd(added)
	case added.Status == meta.OK && released.Status != meta.OK:
		call := meta.NewCall()
		call.Delete(f.keys[i], added.CAS)
		if err := f.do(ctx, call); err != nil {
			return err
		}
		call.Free()
	}
	f.filled[f.at[i]] = added.Status == meta.OK && released.Status == meta.OK
	return nil
}
