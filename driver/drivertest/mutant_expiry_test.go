package drivertest_test

import (
	"context"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
)

// Of lifetimes.

// changedTTL changes the ttl of Set.
type changedTTL struct {
	*reference
	change func(time.Duration) time.Duration
}

func (m changedTTL) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.reference.Set(ctx, key, value, m.change(ttl))
}

type setKeepsTTL struct{ *reference }

func (m setKeepsTTL) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if _, err := m.Get(ctx, key); err == nil {
		ttl = driver.KeepTTL
	}
	return m.reference.Set(ctx, key, value, ttl)
}

// setThenExpire is SET and EXPIRE.
type setThenExpire struct{ *reference }

func (m setThenExpire) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := m.reference.Set(ctx, key, value, 0); err != nil || ttl == 0 {
		return err
	}
	m.letOthersIn()
	_, err := m.Touch(ctx, key, ttl)
	return err
}

// touchRaw touches what is in the map, expired or not.
type touchRaw struct{ *reference }

func (m touchRaw) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := m.enter(ctx); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if ok {
		e.expiry = expiryOf(ttl)
		m.entries[key] = e
	}
	return ok, nil
}

// touchWrites is a read and a write.
type touchWrites struct{ *reference }

func (m touchWrites) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	v, err := m.Get(ctx, key)
	if err != nil {
		return false, ctx.Err()
	}
	m.letOthersIn()
	return true, m.Set(ctx, key, v, ttl)
}

type touchMakes struct{ *reference }

func (m touchMakes) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	ok, err := m.reference.Touch(ctx, key, ttl)
	if !ok && err == nil {
		return true, m.Set(ctx, key, nil, ttl)
	}
	return ok, err
}

// inspectTwice doubles what is left.
type inspectTwice struct{ *reference }

func (m inspectTwice) Inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	info, err := m.reference.Inspect(ctx, keys)
	for k, i := range info {
		i.TTL *= 2
		info[k] = i
	}
	return info, err
}

func expiryMutants() []mutant {
	changing := func(change func(time.Duration) time.Duration) func() driver.Store {
		return func() driver.Store { return changedTTL{newReference(), change} }
	}
	words := "expiry/EveryWriteKeepsItsWord"
	inRealTime := func(h *drivertest.Harness) { h.VirtualTime = false }
	lost := changing(func(time.Duration) time.Duration { return 0 })
	return []mutant{
		{name: "SetLosesTTL", open: lost, seenBy: []string{words, "model/RandomSequences"}},
		{name: "SetLosesTTLInRealTime", open: lost, change: inRealTime, seenBy: []string{words}},
		{name: "TTLTooLong", open: changing(func(d time.Duration) time.Duration { return d + d/100 }), seenBy: []string{words}},
		{name: "TTLTooShort", open: changing(func(d time.Duration) time.Duration { return d - d/100 }), seenBy: []string{words}},
		{name: "TTLCutToSeconds", open: changing(func(d time.Duration) time.Duration { return d.Truncate(time.Second) }),
			seenBy: []string{"expiry/ExtremeTTLs"}},
		{name: "SetKeepsTTL", open: func() driver.Store { return setKeepsTTL{newReference()} }, seenBy: []string{"expiry/LastWriteDecides"}},
		{name: "SetThenExpire", open: func() driver.Store { return setThenExpire{newReference()} },
			seenBy: []string{"expiry/NeverWithoutLifetime"}},
		{name: "TouchSeesExpired", open: func() driver.Store { return touchRaw{newReference()} },
			seenBy: []string{"expiry/ExpiredIsAbsentForEveryMethod"}},
		{name: "TouchRevives", open: func() driver.Store { return touchWrites{newReference()} }, seenBy: []string{"touch/NeverRevives"}},
		{name: "TouchMakes", open: func() driver.Store { return touchMakes{newReference()} }, seenBy: []string{"touch/Absent"}},
		{name: "InspectWrongTTL", open: func() driver.Store { return inspectTwice{newReference()} }, seenBy: []string{"inspect/TTL"}},
	}
}
