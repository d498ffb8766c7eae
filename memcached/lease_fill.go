package memcached

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// fill is a Fill on one server. What is in its lists are places in part's.
type fill struct {
	*part
	fillings []driver.Filling // of all servers
	expiry   int64
	filled   []int         // of the keys that are
	failed   map[int]error // of the others, why
}

// marked is a key whose lease is that of a fill now.
type marked struct {
	i     int
	state uint64
	mark  string
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
		f := fill{part: b, fillings: fillings, failed: map[int]error{}}
		if err := f.run(ctx, ttl); err != nil {
			return err
		}
		for i, err := range f.failed {
			errs[b.at[i]] = err
		}
		for _, i := range f.filled {
			filled[b.at[i]] = true
		}
		return nil
	}, func(at int, err error) { errs[at] = err })
	if err != nil {
		return nil, err
	}
	return filled, keyErrors(keys, errs)
}

// run does the fill. Once its leases are marked it goes on without its caller if he leaves: whoever deletes would wait for what he has
// left behind.
func (f *fill) run(ctx context.Context, ttl time.Duration) (err error) {
	if f.expiry, err = f.line.expiry(ttl); err != nil {
		return err
	}
	all, err := f.mark(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	call, done := f.storing(all), make(chan error, 1)
	if err := f.goOn(ctx, func(ctx context.Context) { done <- f.store(ctx, call, all) }); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// goOn runs a part of the fill that does not end with its caller.
func (f *fill) goOn(ctx context.Context, do func(context.Context)) error {
	return f.node.goOn(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fillTime*time.Second/2)
		defer cancel()
		do(ctx)
	})
}

// abandon ends leases that may be marked by now.
func (f *fill) abandon(ctx context.Context, asked []marked) {
	_ = f.goOn(ctx, func(ctx context.Context) {
		for _, m := range asked {
			_ = f.drop(ctx, m)
		}
	})
}

// mark makes leases that are held those of a fill, and returns which these are.
func (f *fill) mark(ctx context.Context) (all []marked, err error) {
	call := f.call()
	var asked []marked
	for i, k := range f.keys {
		filling := f.fillings[f.at[i]]
		cas, lost := f.line.lost(filling.Lease)
		m := marked{i: i, mark: markOf(cas, filling.Value)}
		switch {
		case lost:
			continue
		case f.line.tooLarge(k, filling.Value):
			f.failed[i] = driver.ErrTooLarge
			call.Delete(leaseOf(k), cas)
		default:
			call.Set(leaseOf(k), meta.Item{Data: []byte(m.mark), Flags: fillingFlags, TTL: fillTime, CAS: cas, Tell: true})
		}
		asked = append(asked, m)
	}
	if len(asked) == 0 {
		return nil, ctx.Err()
	}
	if err := f.do(ctx, call); err != nil {
		f.abandon(ctx, asked)
		return nil, err
	}
	for j, m := range asked {
		r := call.Reply(j)
		m.state = r.CAS
		switch {
		case r.Err != nil:
			f.failed[m.i] = r.Err
		case r.Status != meta.OK || f.failed[m.i] != nil:
		case f.counts(m.i):
			all = append(all, m)
		default: // its generation is over, and a Delete that has not noticed would wait for it
			if err := f.drop(ctx, m); err != nil {
				return nil, err
			}
		}
	}
	call.Free()
	return all, nil
}

// storing is a call that adds the values and drops the leases.
func (f *fill) storing(all []marked) *meta.Call {
	call := meta.NewCall()
	for _, m := range all {
		value := f.fillings[f.at[m.i]].Value
		call.Set(f.keys[m.i], meta.Item{Data: value, Flags: flagsOf(value), TTL: f.expiry, Mode: meta.Add, Tell: true})
		call.Delete(leaseOf(f.keys[m.i]), m.state)
	}
	return call
}

// store makes that call.
func (f *fill) store(ctx context.Context, call *meta.Call, all []marked) error {
	if err := f.do(ctx, call); err != nil {
		return err
	}
	for j, m := range all {
		added, dropped := call.Reply(2*j), call.Reply(2*j+1)
		if dropped.Status != meta.OK {
			if err := f.undo(ctx, m, added); err != nil {
				return err
			}
		} else if added.Status == meta.OK {
			f.filled = append(f.filled, m.i)
		}
		if added.Status == meta.Failed {
			f.failed[m.i] = odd(added)
		}
	}
	call.Free()
	return nil
}

// undo takes back what was added under a lease that was void, or is no longer there because the server was emptied or has forgotten
// it: nobody has kept a deleter away.
func (f *fill) undo(ctx context.Context, m marked, added *meta.Reply) error {
	if added.Status == meta.OK {
		call := meta.NewCall()
		call.Delete(f.keys[m.i], added.CAS)
		if err := f.do(ctx, call); err != nil {
			return err
		}
		call.Free()
	}
	return f.drop(ctx, m)
}

// drop ends the lease of a fill, whether or not it is void.
func (f *fill) drop(ctx context.Context, m marked) error {
	t := f.one(m.i)
	for {
		lease, err := t.lease(ctx)
		if err != nil || lease.Flags != fillingFlags || string(lease.Data) != m.mark {
			return err
		}
		if dropped, err := t.dropLease(ctx, lease.CAS); dropped || err != nil {
			return err
		}
	}
}
