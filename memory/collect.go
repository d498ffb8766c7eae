package memory

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/larder-go/larder/driver"
)

var errPosition = errors.New("a position is a number")

// Collect adds a member. It is one step for other calls of Collect, Members and Drop; a counter that others change meanwhile may
// be read as it is a moment after the member was added, never as it was before.
func (s *store) Collect(
	ctx context.Context, c driver.Collection, position float64, value []byte, ttl time.Duration,
) (driver.Collected, error) {
	if err := s.check(ctx); err != nil {
		return driver.Collected{}, err
	}
	if math.IsNaN(position) {
		return driver.Collected{}, errPosition
	}
	s.space.collecting.Lock()
	defer s.space.collecting.Unlock()
	n, err := s.space.collect(c, position, string(value), ttl)
	if err != nil {
		return driver.Collected{}, err
	}
	collected := driver.Collected{Members: n}
	for i, key := range c.Counts {
		if collected.Counts[i], err = s.space.extend(key, ttl); err != nil {
			return driver.Collected{}, err
		}
	}
	return collected, nil
}

// collect adds to what is at c.Members, and tells how many there are then.
func (s *space) collect(c driver.Collection, position float64, value string, ttl time.Duration) (n int, err error) {
	s.cache.Compute(c.Members, func(old entry, found bool) (entry, otter.ComputeOp) {
		before := &members{appended: c.Appended}
		if found {
			before, err = membersIn(old, c)
		}
		if err != nil {
			return old, otter.CancelOp
		}
		after := before.with(position, value)
		if s.tooLarge(len(c.Members), after) {
			err = driver.ErrTooLarge
			return old, otter.CancelOp
		}
		n = len(after.list)
		if found && ttl == 0 {
			return entry{after, driver.KeepTTL}, otter.WriteOp
		}
		return entry{after, ttl}, otter.WriteOp
	})
	return n, err
}

// membersIn returns what an entry holds if that is a collection like c.
func membersIn(e entry, c driver.Collection) (*members, error) {
	m, ok := e.value.(*members)
	if !ok || m.appended != c.Appended {
		return nil, errKind
	}
	return m, nil
}

var errKind = fmt.Errorf("%w: the key holds no collection of this kind", driver.ErrCodec)

// extend gives an entry the lifetime ttl, unless that is 0, and returns its value; nil if there is none.
func (s *space) extend(key string, ttl time.Duration) ([]byte, error) {
	var e entry
	var ok bool
	if ttl == 0 {
		e, ok = s.cache.GetIfPresent(key)
	} else {
		e, ok = s.cache.ComputeIfPresent(key, func(old entry) (entry, otter.ComputeOp) {
			return entry{old.value, ttl}, otter.WriteOp
		})
	}
	if !ok {
		return nil, nil
	}
	return e.value.Encode()
}

// Members returns copies of the members.
func (s *store) Members(ctx context.Context, c driver.Collection) ([][]byte, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	e, ok := s.space.cache.GetIfPresent(c.Members)
	if !ok {
		return nil, nil
	}
	m, err := membersIn(e, c)
	if err != nil {
		return nil, err
	}
	values := make([][]byte, len(m.list))
	for i := range m.list {
		values[i] = []byte(m.list[i].value)
	}
	return values, nil
}

// Drop removes the three keys.
func (s *store) Drop(ctx context.Context, c driver.Collection) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	s.space.collecting.Lock()
	defer s.space.collecting.Unlock()
	for _, key := range []string{c.Members, c.Counts[0], c.Counts[1]} {
		s.space.cache.Invalidate(key)
	}
	return nil
}
