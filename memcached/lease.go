package memcached

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/pause"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// token is what a lease says to this package: the state of its item, and in which life of the server that was. A server that was
// restarted counts its states from 1 again.
type token struct{ life, cas uint64 }

func (t token) lease() driver.Lease {
	return driver.Lease(strconv.FormatUint(t.life, 10) + "." + strconv.FormatUint(t.cas, 10))
}

// tokenOf reads a lease. What is none is one that never is good.
func tokenOf(l driver.Lease) (t token, ok bool) {
	life, cas, _ := strings.Cut(string(l), ".")
	var err, err2 error
	t.life, err = strconv.ParseUint(life, 10, 64)
	t.cas, err2 = strconv.ParseUint(cas, 10, 64)
	return t, err == nil && err2 == nil && t.cas != 0
}

// lost tells whether a lease cannot be good on this line.
func (l *line) lost(lease driver.Lease) (cas uint64, lost bool) {
	t, ok := tokenOf(lease)
	return t.cas, !ok || t.life != l.life
}

var errNoLeases = fmt.Errorf("%w: with keys=verbatim there is no name for a lease that is not a key", errors.ErrUnsupported)

// Acquire asks for the lease of each key, and then looks whether it is there: if it is, what was got is given back. In the other
// order the lease could be that of a key which another has filled in between.
func (s *Store) Acquire(ctx context.Context, keys []string, d time.Duration) ([]driver.Grant, error) {
	if s.options.VerbatimKeys {
		return nil, errNoLeases
	}
	grants, room := make([]driver.Grant, len(keys)), newInflation(len(keys))
	err := s.eachNode(ctx, keys, func(ctx context.Context, b *part) error {
		call := b.call()
		for _, k := range b.keys {
			call.Vivify(leaseOf(k), meta.CAS+meta.Size+meta.Flags, wholeSeconds(d))
			call.Get(k, meta.Value+meta.Flags)
		}
		if err := b.do(ctx, call); err != nil {
			return err
		}
		var unused []int
		for i, at := range b.at {
			g, won := room.grantOf(call.Reply(2*i), call.Reply(2*i+1), b.line.life)
			grants[at] = g
			if won && g.Lease == "" {
				unused = append(unused, i)
			}
		}
		err := b.giveBack(ctx, call, unused)
		call.Free()
		return err
	}, func(at int, err error) { grants[at] = driver.Grant{Err: err} })
	if err != nil {
		return nil, err
	}
	return grants, nil
}

var errNameTaken = errors.New("another program has an entry where the key's lease would be")

func (i *inflation) grantOf(lease, entry *meta.Reply, life uint64) (g driver.Grant, won bool) {
	won = lease.Status == meta.OK && lease.Won
	if entry.Status != meta.Miss {
		g.Value, g.Err = i.valueOf(entry)
		return g, won
	}
	switch {
	case lease.Status != meta.OK:
		return driver.Grant{Err: odd(lease)}, false
	case !isLease(lease):
		return driver.Grant{Err: errNameTaken}, false
	}
	g.Err = driver.ErrMiss
	if won {
		g.Lease = token{life, lease.CAS}.lease()
	}
	return g, won
}

// giveBack drops the leases that were got for keys that are there. What call has of them is their state.
func (p *part) giveBack(ctx context.Context, asked *meta.Call, unused []int) error {
	if len(unused) == 0 {
		return nil
	}
	call := meta.NewCall()
	for _, i := range unused {
		call.Delete(leaseOf(p.keys[i]), asked.Reply(2*i).CAS)
	}
	err := p.do(ctx, call)
	if err == nil {
		call.Free()
	}
	return err
}

// lookAt asks for the states of a key's lease and of the key.
func (t *target) lookAt(ctx context.Context) (lease, entry meta.Reply, err error) {
	call := t.call()
	call.Get(leaseOf(t.key), meta.CAS+meta.Size+meta.Flags)
	call.Get(t.key, meta.Size)
	if err := t.ask(ctx, call); err != nil {
		return lease, entry, err
	}
	lease, entry = *call.Reply(0), *call.Reply(1)
	call.Free()
	return lease, entry, nil
}

// Renew gives the lease the time d from now on. It is given up if the key is there: that is how a write by a program that
// knows no leases is noticed.
func (s *Store) Renew(ctx context.Context, key string, l driver.Lease, d time.Duration) (valid bool, err error) {
	for try := 0; again(try, &err); try++ {
		valid, err = s.renew(ctx, key, l, d)
	}
	return valid, err
}

func (s *Store) renew(ctx context.Context, key string, l driver.Lease, d time.Duration) (bool, error) {
	t, err := s.find(ctx, key)
	if err != nil {
		return false, err
	}
	cas, lost := t.line.lost(l)
	lease, entry, err := t.lookAt(ctx)
	if err != nil || lost || lease.Status != meta.OK || lease.CAS != cas {
		return false, err
	}
	if entry.Status == meta.OK {
		_, err := t.dropLease(ctx, cas)
		return false, err
	}
	call := t.call()
	call.Touch(leaseOf(t.key), meta.CAS, wholeSeconds(d))
	if err := t.do(ctx, call); err != nil {
		return false, err
	}
	r := *call.Reply(0)
	call.Free()
	return r.Status == meta.OK && r.CAS == cas, r.Err
}

// Release gives the lease back, and tells whether it was still good.
func (s *Store) Release(ctx context.Context, key string, l driver.Lease) (valid bool, err error) {
	for try := 0; again(try, &err); try++ {
		valid, err = s.release(ctx, key, l)
	}
	return valid, err
}

func (s *Store) release(ctx context.Context, key string, l driver.Lease) (bool, error) {
	t, err := s.find(ctx, key)
	if err != nil {
		return false, err
	}
	cas, lost := t.line.lost(l)
	if lost {
		return false, ctx.Err()
	}
	call := t.call()
	call.Delete(leaseOf(t.key), cas)
	call.Get(t.key, meta.Size)
	if err := t.do(ctx, call); err != nil {
		return false, err
	}
	dropped, entry := call.Reply(0).Status, call.Reply(1).Status
	call.Free()
	return dropped == meta.OK && entry == meta.Miss, nil
}

// When they have to be asked for, leases are at first asked for often.
const (
	firstPoll = 4 * time.Millisecond
	lastPoll  = 100 * time.Millisecond
)

// Await returns once key is there or its lease is free. memcached tells nothing, so it asks again and again.
func (s *Store) Await(ctx context.Context, key string) error {
	for wait := firstPoll; ; wait = min(2*wait, lastPoll) {
		if waits, err := s.isLoading(ctx, key); err != nil || !waits {
			return err
		}
		if err := pause.For(ctx, wait, s.closed); err != nil {
			return err
		}
	}
}

// isLoading tells whether key is absent, and its lease taken.
func (s *Store) isLoading(ctx context.Context, key string) (is bool, err error) {
	for try := 0; again(try, &err); try++ {
		var t target
		if t, err = s.find(ctx, key); err != nil {
			continue
		}
		var lease, entry meta.Reply
		lease, entry, err = t.lookAt(ctx)
		is = isLease(&lease) && entry.Status != meta.OK
	}
	return is && err == nil, err
}
