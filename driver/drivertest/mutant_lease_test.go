package drivertest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
)

// Of leases.

// spares leaves the leases as they were in one operation.
type spares struct {
	*reference
	op string
}

// without runs do, and puts back a lease that was there.
func (m spares) without(op, key string, do func()) {
	m.mu.Lock()
	h, ok := m.leases.of(key)
	m.mu.Unlock()
	do()
	if !ok || op != m.op {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leases.held[key] = h
}

func (m spares) Set(ctx context.Context, key string, value []byte, ttl time.Duration) (err error) {
	m.without("Set", key, func() { err = m.reference.Set(ctx, key, value, ttl) })
	return err
}

func (m spares) Delete(ctx context.Context, key string) (was bool, err error) {
	m.without("Delete", key, func() { was, err = m.reference.Delete(ctx, key) })
	return was, err
}

func (m spares) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) (err error) {
	m.without("SetMany", items[0].Key, func() { err = m.reference.SetMany(ctx, items, ttl) })
	return err
}

func (m spares) DeleteMany(ctx context.Context, keys []string) (n int, err error) {
	if len(keys) == 0 {
		return m.reference.DeleteMany(ctx, keys)
	}
	m.without("DeleteMany", keys[0], func() { n, err = m.reference.DeleteMany(ctx, keys) })
	return n, err
}

func (m spares) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (won bool, err error) {
	m.without("Add", key, func() { won, err = m.reference.Add(ctx, key, value, ttl) })
	return won, err
}

func (m spares) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (n int64, err error) {
	m.without("Incr", key, func() { n, err = m.reference.Incr(ctx, key, delta, ttl) })
	return n, err
}

func (m spares) IncrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (f float64, err error) {
	m.without("IncrFloat", key, func() { f, err = m.reference.IncrFloat(ctx, key, delta, ttl) })
	return f, err
}

func (m spares) Clear(ctx context.Context, prefix string) (n int, err error) {
	m.without("Clear", "a fill", func() { n, err = m.reference.Clear(ctx, prefix) })
	return n, err
}

func (m spares) ClearAll(ctx context.Context) (n int, err error) {
	m.without("ClearAll", "k", func() { n, err = m.reference.ClearAll(ctx) })
	return n, err
}

// acquires changes the answers of Acquire.
type acquires struct {
	*reference
	change func(r *reference, ctx context.Context, key string, d time.Duration, g driver.Grant) driver.Grant
}

func (m acquires) Acquire(ctx context.Context, keys []string, d time.Duration) ([]driver.Grant, error) {
	grants, err := m.reference.Acquire(ctx, keys, d)
	for i := range grants {
		grants[i] = m.change(m.reference, ctx, keys[i], d, grants[i])
	}
	return grants, err
}

// grantsTwice gives a lease away that another has.
func grantsTwice(r *reference, _ context.Context, key string, d time.Duration, g driver.Grant) driver.Grant {
	if errors.Is(g.Err, driver.ErrMiss) && g.Lease == "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		g.Lease = r.leases.give(key, d)
	}
	return g
}

// grantsThere gives leases for keys that are there.
func grantsThere(_ *reference, _ context.Context, _ string, _ time.Duration, g driver.Grant) driver.Grant {
	if g.Err == nil {
		return driver.Grant{Err: driver.ErrMiss}
	}
	return g
}

// grantsEmpty takes an empty value for none.
func grantsEmpty(_ *reference, _ context.Context, _ string, _ time.Duration, g driver.Grant) driver.Grant {
	if g.Err == nil && len(g.Value) == 0 {
		return driver.Grant{Err: driver.ErrMiss, Lease: "a lease"}
	}
	return g
}

// placeholder keeps an entry where a lease is.
func placeholder(r *reference, _ context.Context, key string, d time.Duration, g driver.Grant) driver.Grant {
	if g.Lease != "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		h, _ := r.leases.of(key)
		r.put(key, driver.Bytes("loading"), d)
		r.leases.held[key] = h
	}
	return g
}

// neighbour keeps the lease as an entry beside the key, and does not hide it.
func neighbour(r *reference, ctx context.Context, key string, d time.Duration, g driver.Grant) driver.Grant {
	if g.Lease != "" {
		_ = r.Set(ctx, key+":lease", []byte(g.Lease), d)
	}
	return g
}

// immortal has leases that do not end.
func immortal(r *reference, _ context.Context, key string, _ time.Duration, g driver.Grant) driver.Grant {
	if g.Lease != "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.leases.held[key] = held{g.Lease, time.Now().Add(time.Hour)}
	}
	return g
}

// acquireSplit looks, and then takes.
type acquireSplit struct{ *reference }

func (m acquireSplit) Acquire(ctx context.Context, keys []string, d time.Duration) ([]driver.Grant, error) {
	grants := make([]driver.Grant, len(keys))
	for i, key := range keys {
		if v, err := m.Get(ctx, key); !errors.Is(err, driver.ErrMiss) {
			grants[i] = driver.Grant{Value: v, Err: err}
			continue
		}
		m.mu.Lock()
		_, taken := m.leases.of(key)
		m.mu.Unlock()
		m.letOthersIn()
		m.mu.Lock()
		grants[i].Err = driver.ErrMiss
		if !taken {
			grants[i].Lease = m.leases.give(key, d)
		}
		m.mu.Unlock()
	}
	return grants, ctx.Err()
}

// fills changes what Fill does, key by key.
type fills struct {
	*reference
	fill func(r *reference, ctx context.Context, f driver.Filling, ttl time.Duration) (bool, error)
}

func (m fills) Fill(ctx context.Context, fillings []driver.Filling, ttl time.Duration) ([]bool, error) {
	filled, failed := make([]bool, len(fillings)), driver.KeyErrors{}
	for i, f := range fillings {
		var err error
		if filled[i], err = m.fill(m.reference, ctx, f, ttl); err != nil {
			failed[f.Key] = err
		}
	}
	return filled, failed.OrNil()
}

func fillOne(r *reference, ctx context.Context, f driver.Filling, ttl time.Duration) (bool, error) {
	filled, err := r.Fill(ctx, []driver.Filling{f}, ttl)
	var failed driver.KeyErrors
	if errors.As(err, &failed) {
		err = failed[f.Key]
	}
	return filled != nil && filled[0], err
}

// fillsAnyhow does not ask for the lease.
func fillsAnyhow(r *reference, ctx context.Context, f driver.Filling, ttl time.Duration) (bool, error) {
	return r.Add(ctx, f.Key, f.Value, ttl)
}

// fillsForAnyLease asks whether there is one, not whose.
func fillsForAnyLease(r *reference, ctx context.Context, f driver.Filling, ttl time.Duration) (bool, error) {
	r.mu.Lock()
	h, ok := r.leases.of(f.Key)
	r.mu.Unlock()
	if ok {
		f.Lease = h.token
	}
	return fillOne(r, ctx, f, ttl)
}

func fillsForEver(r *reference, ctx context.Context, f driver.Filling, _ time.Duration) (bool, error) {
	return fillOne(r, ctx, f, 0)
}

// fillsAgain does not use the lease up.
func fillsAgain(r *reference, ctx context.Context, f driver.Filling, ttl time.Duration) (bool, error) {
	ok, err := fillOne(r, ctx, f, ttl)
	if ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.leases.held[f.Key] = held{f.Lease, time.Now().Add(time.Minute)}
	}
	return ok, err
}

// fillsLarge keeps the lease of a value that is too large.
func fillsLarge(r *reference, ctx context.Context, f driver.Filling, ttl time.Duration) (bool, error) {
	if r.tooLarge(driver.Bytes(f.Value)) {
		return false, driver.ErrTooLarge
	}
	return fillOne(r, ctx, f, ttl)
}

// fillsCut stores what fits of a value that is too large.
func fillsCut(r *reference, ctx context.Context, f driver.Filling, ttl time.Duration) (bool, error) {
	f.Value = f.Value[:min(len(f.Value), r.max)]
	return fillOne(r, ctx, f, ttl)
}

// renews changes what Renew does.
type renews struct {
	*reference
	renew func(r *reference, ctx context.Context, key string, l driver.Lease, d time.Duration) (bool, error)
}

func (m renews) Renew(ctx context.Context, key string, l driver.Lease, d time.Duration) (bool, error) {
	return m.renew(m.reference, ctx, key, l, d)
}

// renewsNothing says that it has.
func renewsNothing(r *reference, ctx context.Context, key string, l driver.Lease, _ time.Duration) (bool, error) {
	if err := r.enter(ctx); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	return r.leases.good(key, l), nil
}

// renewsTheDead makes a lease that is gone again, if nobody else has one.
func renewsTheDead(r *reference, ctx context.Context, key string, l driver.Lease, d time.Duration) (bool, error) {
	ok, err := r.Renew(ctx, key, l, d)
	if ok || err != nil {
		return ok, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, taken := r.leases.of(key); !taken {
		r.leases.give(key, d)
		r.leases.held[key] = held{l, time.Now().Add(d)}
	}
	return !r.closed, nil
}

// releases changes what Release does.
type releases struct {
	*reference
	release func(r *reference, ctx context.Context, key string, l driver.Lease) (bool, error)
}

func (m releases) Release(ctx context.Context, key string, l driver.Lease) (bool, error) {
	return m.release(m.reference, ctx, key, l)
}

// releasesNothing only tells.
func releasesNothing(r *reference, ctx context.Context, key string, l driver.Lease) (bool, error) {
	return renewsNothing(r, ctx, key, l, 0)
}

// releasesAll does not ask whose it is.
func releasesAll(r *reference, ctx context.Context, key string, _ driver.Lease) (bool, error) {
	if err := r.enter(ctx); err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	_, ok := r.leases.of(key)
	r.leases.void(key)
	return ok, nil
}

// releasesBlindly does not tell.
func releasesBlindly(r *reference, ctx context.Context, key string, l driver.Lease) (bool, error) {
	_, err := r.Release(ctx, key, l)
	return err == nil, err
}

// awaits changes how Await waits.
type awaits struct {
	*reference
	await func(r *reference, ctx context.Context, key string) error
}

func (m awaits) Await(ctx context.Context, key string) error { return m.await(m.reference, ctx, key) }

// awaitsNothing has everybody ask again, all the time.
func awaitsNothing(r *reference, ctx context.Context, key string) error {
	_, err := r.Inspect(ctx, []string{key})
	return err
}

// oversleeps waits for the lease's end, whatever happens.
func oversleeps(r *reference, ctx context.Context, key string) error {
	r.mu.Lock()
	h, _ := r.leases.of(key)
	r.mu.Unlock()
	return errors.Join(await(ctx, nil, time.Until(h.until)), r.Await(ctx, key))
}

// awaitsDeaf does not hear the end of its context.
func awaitsDeaf(r *reference, ctx context.Context, key string) error {
	return errors.Join(r.Await(context.WithoutCancel(ctx), key), ctx.Err())
}

// awaitsOnce waits for a change of any key.
func awaitsOnce(r *reference, ctx context.Context, key string) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	h, taken := r.leases.of(key)
	change := r.leases.change()
	r.mu.Unlock()
	if !taken {
		return nil
	}
	return await(ctx, change, time.Until(h.until))
}

// awaitsChange waits for the next one, though the key may be free already.
func awaitsChange(r *reference, ctx context.Context, key string) error {
	r.mu.Lock()
	change := r.leases.change()
	r.mu.Unlock()
	return errors.Join(await(ctx, change, driver.MaxLease), r.Await(ctx, key))
}

// apart are two stores on the same entries, whose leases are not.
func apart(*testing.T) (a, b driver.Store) {
	first := newReference()
	return first, leasesAside{&reference{data: first.data}, newReference()}
}

type leasesAside struct {
	*reference
	aside *reference
}

func (m leasesAside) Acquire(ctx context.Context, keys []string, d time.Duration) ([]driver.Grant, error) {
	return m.aside.Acquire(ctx, keys, d)
}

func leaseMutants() []mutant {
	var all []mutant
	for op, seen := range map[string][]string{
		"Set": {"SetThatExpires"}, "Delete": {"Delete"}, "SetMany": {"SetManyThatExpires"},
		"DeleteMany": {"DeleteMany"}, "Add": {"AddThatExpires"}, "Incr": {"IncrThatExpires"}, "IncrFloat": {"IncrFloatThatExpires"},
		"Clear": {"Clear", "ClearOfAPrefix"}, "ClearAll": {"ClearAll"},
	} {
		m := mutant{name: "LeaseSparedBy" + op, open: func() driver.Store { return spares{newReference(), op} }}
		for _, s := range seen {
			m.seenBy = append(m.seenBy, "lease/VoidedBy"+s)
		}
		all = append(all, m)
	}
	return slices.Concat(all, acquireMutants(), fillMutants(), leaseEndMutants(), awaitMutants())
}

func acquireMutants() []mutant {
	open := func(change func(*reference, context.Context, string, time.Duration, driver.Grant) driver.Grant) func() driver.Store {
		return func() driver.Store { return acquires{newReference(), change} }
	}
	return []mutant{
		{name: "LeaseTwice", open: open(grantsTwice), seenBy: []string{"lease/ForAnAbsentKeyOnly", "lease/OfMany", "lease/OneWinner"}},
		{name: "LeaseNotAtomic", open: func() driver.Store { return acquireSplit{newReference()} }, seenBy: []string{"lease/OneWinner"}},
		{name: "LeaseForWhatIsThere", open: open(grantsThere), seenBy: []string{"lease/ForAnAbsentKeyOnly"}},
		{name: "LeaseForEmptyValue", open: open(grantsEmpty), seenBy: []string{"lease/EmptyValueIsThere"}},
		{name: "LeaseIsPlaceholder", open: open(placeholder), seenBy: []string{"lease/NotAnEntry"}},
		{name: "LeaseIsVisible", open: open(neighbour), seenBy: []string{"lease/NotScanned", "lease/NotCleared"}},
		{name: "LeaseForEver", open: open(immortal), seenBy: []string{"lease/Expires"}},
		{name: "LeasesApart", change: func(h *drivertest.Harness) { h.OpenShared = apart },
			seenBy: []string{"lease/OneWinnerOfTwoStores", "lease/SharedNotAnEntry"}},
	}
}

func fillMutants() []mutant {
	open := func(fill func(*reference, context.Context, driver.Filling, time.Duration) (bool, error)) func() driver.Store {
		return func() driver.Store { return fills{newReference(), fill} }
	}
	return []mutant{
		{name: "FillsAnyhow", open: open(fillsAnyhow), seenBy: []string{"lease/FillOnce", "lease/FillWithAnothersLease", "lease/VoidedByDelete"}},
		{name: "FillsForAnyLease", open: open(fillsForAnyLease), seenBy: []string{"lease/FillWithAnothersLease", "lease/Expires"}},
		{name: "FillsForEver", open: open(fillsForEver), seenBy: []string{"lease/FillGivesItsTTL"}},
		{name: "FillsAgain", open: open(fillsAgain), seenBy: []string{"lease/FillOnce"}},
		{name: "FillsLarge", open: open(fillsLarge), seenBy: []string{"lease/FillTooLarge"}},
		{name: "FillsCut", open: open(fillsCut), seenBy: []string{"lease/FillTooLarge"}},
	}
}

func leaseEndMutants() []mutant {
	return []mutant{
		{name: "RenewsNothing", open: func() driver.Store { return renews{newReference(), renewsNothing} }, seenBy: []string{"lease/RenewKeepsIt"}},
		{name: "RenewsTheDead", open: func() driver.Store { return renews{newReference(), renewsTheDead} },
			seenBy: []string{"lease/RenewOfNothing", "lease/VoidedByDelete"}},
		{name: "ReleasesNothing", open: func() driver.Store { return releases{newReference(), releasesNothing} }, seenBy: []string{"lease/ReleaseFreesIt"}},
		{name: "ReleasesAll", open: func() driver.Store { return releases{newReference(), releasesAll} }, seenBy: []string{"lease/ReleaseFreesIt", "lease/Expires"}},
		{name: "ReleasesBlindly", open: func() driver.Store { return releases{newReference(), releasesBlindly} },
			seenBy: []string{"lease/ReleaseFreesIt", "lease/VoidedByDelete"}},
	}
}

func awaitMutants() []mutant {
	open := func(await func(*reference, context.Context, string) error) func() driver.Store {
		return func() driver.Store { return awaits{newReference(), await} }
	}
	return []mutant{
		{name: "AwaitsNothing", open: open(awaitsNothing), seenBy: []string{"lease/AwaitIsWokenByFill", "lease/AwaitOutlivesRenewal"}},
		{name: "Oversleeps", open: open(oversleeps), seenBy: []string{"lease/AwaitIsWokenByFill", "lease/AwaitIsWokenBySet", "lease/AwaitIsWokenByDelete"}},
		{name: "AwaitsDeaf", open: open(awaitsDeaf), seenBy: []string{"lease/AwaitEndsWithItsContext"}},
		{name: "AwaitsAnything", open: open(awaitsOnce), seenBy: []string{"lease/AwaitIsNotWokenByOthers"}},
		{name: "AwaitsChange", open: open(awaitsChange), seenBy: []string{"lease/AwaitOfAFreeKey", "lease/AwaitOfWhatIsThere"}},
	}
}
