package drivertest_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
)

// Of collections.

// collects changes Collect.
type collects struct {
	*reference
	collect func(m *reference, ctx context.Context, c driver.Collection, position float64, member []byte,
		ttl time.Duration) (driver.Collected, error)
}

func (m collects) Collect(
	ctx context.Context, c driver.Collection, position float64, member []byte, ttl time.Duration,
) (driver.Collected, error) {
	return m.collect(m.reference, ctx, c, position, member, ttl)
}

// collectFaults are its faults.
var collectFaults = map[string]func(m *reference, ctx context.Context, c driver.Collection, position float64, member []byte,
	ttl time.Duration) (driver.Collected, error){
	"countsFirst": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		before, _ := m.Members(ctx, c)
		got, err := m.Collect(ctx, c, p, v, ttl)
		got.Members = len(before)
		return got, err
	},
	"countsLater": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		got, err := m.Collect(ctx, c, p, v, ttl)
		if err == nil {
			m.letOthersIn()
			after, _ := m.Members(ctx, c)
			got.Members = len(after)
		}
		return got, err
	},
	"readsFirst": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		got, err := m.Collect(ctx, c, p, v, ttl)
		got.Counts[0], got.Counts[1] = got.Counts[1], got.Counts[0]
		return got, err
	},
	"lives": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, _ time.Duration) (driver.Collected, error) {
		return m.Collect(ctx, c, p, v, 0)
	},
	"extendsOne": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		got, err := m.Collect(ctx, c, p, v, 0)
		if err == nil && ttl > 0 {
			_, err = m.Touch(ctx, c.Members, ttl)
		}
		return got, err
	},
	"dropsTTL": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		got, err := m.Collect(ctx, c, p, v, ttl)
		if err == nil && ttl == 0 {
			_, err = m.Touch(ctx, c.Members, 0)
		}
		return got, err
	},
	"twice": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		got, err := m.Collect(ctx, c, p, v, ttl)
		if members, _ := m.Members(ctx, c); !c.Appended && err == nil && len(members) < int(m.writes) {
			got.Members = int(m.writes)
		}
		return got, err
	},
	"stays": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		members, err := m.Members(ctx, c)
		for _, there := range members {
			if !c.Appended && string(there) == string(v) {
				return driver.Collected{Members: len(members)}, nil
			}
		}
		if err != nil {
			return driver.Collected{}, err
		}
		return m.Collect(ctx, c, p, v, ttl)
	},
	"unique": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		members, _ := m.Members(ctx, c)
		for _, there := range members {
			if c.Appended && string(there) == string(v) {
				return driver.Collected{Members: len(members)}, nil
			}
		}
		return m.Collect(ctx, c, p, v, ttl)
	},
	"whole": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		return m.Collect(ctx, c, math.Trunc(p), v, ttl)
	},
	"finite": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		if math.IsInf(p, 1) {
			p = 0
		}
		return m.Collect(ctx, c, p, v, ttl)
	},
	"anything": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		if math.IsNaN(p) {
			p = 0
		}
		got, err := m.Collect(ctx, c, p, v, ttl)
		if errors.Is(err, driver.ErrCodec) {
			_, _ = m.Delete(ctx, c.Members)
			return m.Collect(ctx, c, p, v, ttl)
		}
		return got, err
	},
	"trims": func(m *reference, ctx context.Context, c driver.Collection, p float64, v []byte, ttl time.Duration) (driver.Collected, error) {
		return m.Collect(ctx, c, p, []byte(strings.TrimSpace(strings.Trim(string(v), "\x00"))), ttl)
	},
}

// membersMiss has an error for a collection that is not there.
type membersMiss struct{ *reference }

func (m membersMiss) Members(ctx context.Context, c driver.Collection) ([][]byte, error) {
	members, err := m.reference.Members(ctx, c)
	if err == nil && len(members) == 0 {
		err = driver.ErrMiss
	}
	return members, err
}

// dropsMembers leaves the counters to their lifetimes.
type dropsMembers struct{ *reference }

func (m dropsMembers) Drop(ctx context.Context, c driver.Collection) error {
	_, err := m.Delete(ctx, c.Members)
	return err
}

// dropsOneByOne removes each key by itself.
type dropsOneByOne struct{ *reference }

func (m dropsOneByOne) Drop(ctx context.Context, c driver.Collection) error {
	for _, key := range []string{c.Members, c.Counts[0], c.Counts[1]} {
		if _, err := m.Delete(ctx, key); err != nil {
			return err
		}
		m.letOthersIn()
	}
	return nil
}

// readable shows a collection as a value.
type readable struct{ *reference }

func (m readable) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := m.reference.Get(ctx, key)
	if errors.Is(err, driver.ErrCodec) {
		return nil, nil
	}
	return v, err
}

func collectMutants() []mutant {
	fault := func(name string) func() driver.Store {
		return func() driver.Store { return collects{newReference(), collectFaults[name]} }
	}
	return []mutant{
		{name: "CollectCountsFirst", open: fault("countsFirst"), seenBy: []string{"collect/Counts", "prefixed/collect/Counts"}},
		{name: "CollectCountsLater", open: fault("countsLater"), seenBy: []string{"collect/OneIsLast"}},
		{name: "CollectMixesCounters", open: fault("readsFirst"), seenBy: []string{"collect/Counts"}},
		{name: "CollectWithoutTTL", open: fault("lives"), seenBy: []string{"collect/Extends", "collect/Expires"}},
		{name: "CollectExtendsMembersOnly", open: fault("extendsOne"), seenBy: []string{"collect/Extends", "collect/Expires"}},
		{name: "CollectDropsTTL", open: fault("dropsTTL"), seenBy: []string{"collect/Extends"}},
		{name: "CollectCountsTwice", open: fault("twice"), seenBy: []string{"collect/Moves"}},
		{name: "CollectDoesNotMove", open: fault("stays"), seenBy: []string{"collect/Moves"}},
		{name: "CollectAppendsOnce", open: fault("unique"), seenBy: []string{"collect/Appends"}},
		{name: "CollectKnowsIntegersOnly", open: fault("whole"), seenBy: []string{"collect/Order"}},
		{name: "CollectKnowsNoEnd", open: fault("finite"), seenBy: []string{"collect/Order"}},
		{name: "CollectTakesAnything", open: fault("anything"), seenBy: []string{"collect/IsNoValue", "collect/NotANumber"}},
		{name: "CollectTrims", open: fault("trims"), seenBy: []string{"collect/AnyMember"}},
		{name: "MembersMiss", open: func() driver.Store { return membersMiss{newReference()} }, seenBy: []string{"collect/None"}},
		{name: "DropLeavesCounters", open: func() driver.Store { return dropsMembers{newReference()} }, seenBy: []string{"collect/Drop"}},
		{name: "DropsOneByOne", open: func() driver.Store { return dropsOneByOne{newReference()} }, seenBy: []string{"collect/DropIsOneStep"}},
		{name: "CollectionIsReadable", open: func() driver.Store { return readable{newReference()} }, seenBy: []string{"collect/IsNoValue"}},
	}
}
