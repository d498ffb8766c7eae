package drivertest_test

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/larder-go/larder/driver"
)

var _ driver.Collector = (*reference)(nil)

// gathered is the value at the key of a collection.
type gathered struct {
	appended bool
	members  []gatheredMember
}

type gatheredMember struct {
	position float64
	value    string
}

func (*gathered) Encode() ([]byte, error) { return nil, driver.ErrCodec }
func (*gathered) Weight() int             { return 0 }

func (r *reference) Collect(
	ctx context.Context, c driver.Collection, position float64, member []byte, ttl time.Duration,
) (driver.Collected, error) {
	if err := r.enter(ctx); err != nil {
		return driver.Collected{}, err
	}
	defer r.mu.Unlock()
	return r.collect(c, position, string(member), ttl)
}

// collect is called with the lock held.
func (r *reference) collect(c driver.Collection, position float64, member string, ttl time.Duration) (driver.Collected, error) {
	old, err := r.gathered(c)
	if math.IsNaN(position) {
		err = errors.New("no position")
	}
	if err != nil {
		return driver.Collected{}, err
	}
	next := &gathered{appended: c.Appended, members: slices.Clone(old.members)}
	if !c.Appended {
		next.members = slices.DeleteFunc(next.members, func(m gatheredMember) bool { return m.value == member })
	}
	next.members = append(next.members, gatheredMember{position, member})
	if !c.Appended {
		slices.SortFunc(next.members, func(a, b gatheredMember) int {
			return cmp.Or(cmp.Compare(a.position, b.position), cmp.Compare(a.value, b.value))
		})
	}
	r.put(c.Members, next, driver.KeepTTL)
	r.extend(c.Members, ttl)
	result := driver.Collected{Members: len(next.members)}
	for i, key := range c.Counts {
		if e, ok := r.find(key); ok {
			if result.Counts[i], err = e.value.Encode(); err != nil {
				return driver.Collected{}, err
			}
			r.extend(key, ttl)
		}
	}
	return result, nil
}

// extend is called with the lock held.
func (r *reference) extend(key string, ttl time.Duration) {
	if ttl > 0 {
		e := r.entries[key]
		e.expiry = expiryOf(ttl)
		r.entries[key] = e
	}
}

// gathered is called with the lock held.
func (r *reference) gathered(c driver.Collection) (*gathered, error) {
	e, ok := r.find(c.Members)
	if !ok {
		return &gathered{}, nil
	}
	g, ok := e.value.(*gathered)
	if !ok || g.appended != c.Appended {
		return nil, driver.ErrCodec
	}
	return g, nil
}

func (r *reference) Members(ctx context.Context, c driver.Collection) ([][]byte, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	g, err := r.gathered(c)
	if err != nil {
		return nil, err
	}
	var members [][]byte
	for _, m := range g.members {
		members = append(members, []byte(m.value))
	}
	return members, nil
}

func (r *reference) Drop(ctx context.Context, c driver.Collection) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	defer r.mu.Unlock()
	for _, key := range []string{c.Members, c.Counts[0], c.Counts[1]} {
		r.remove(key)
	}
	return nil
}
