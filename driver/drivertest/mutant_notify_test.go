package drivertest_test

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
)

// Of notifications.

// notifies changes how a store notifies.
type notifies struct {
	*reference
	set func(m notifies, ctx context.Context, key string, value []byte, ttl time.Duration) error
}

func (m notifies) SetNotify(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.set(m, ctx, key, value, ttl)
}

func (m notifies) publishes(key string, value []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.publish(key, value)
}

// notifySets are the faults of SetNotify.
var notifySets = map[string]func(m notifies, ctx context.Context, key string, value []byte, ttl time.Duration) error{
	"forgets": func(m notifies, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		return m.Set(ctx, key, value, ttl)
	},
	"loses": func(m notifies, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		if m.calls.Load()%7 == 0 {
			return m.Set(ctx, key, value, ttl)
		}
		return m.reference.SetNotify(ctx, key, value, ttl)
	},
	"first": func(m notifies, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		m.publishes(key, value)
		m.letOthersIn()
		return m.Set(ctx, key, value, ttl)
	},
	"late": func(m notifies, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		err := m.Set(ctx, key, value, ttl)
		if err == nil {
			time.AfterFunc(time.Duration(1+m.calls.Load()%2)*time.Millisecond, func() { m.publishes(key, value) })
		}
		return err
	},
	"immortal": func(m notifies, ctx context.Context, key string, value []byte, _ time.Duration) error {
		return m.reference.SetNotify(ctx, key, value, 0)
	},
	"tooLarge": func(m notifies, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		if err := m.Set(ctx, key, value, ttl); err != nil && ctx.Err() != nil {
			return err
		} else if err != nil {
			m.publishes(key, nil)
			return err
		}
		m.publishes(key, value)
		return nil
	},
	"cuts": func(m notifies, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		err := m.Set(ctx, key, value, ttl)
		if err == nil {
			value, _, _ = bytes.Cut(value, []byte{0})
			m.publishes(key, value)
		}
		return err
	},
}

// setPublishes tells of every Set.
type setPublishes struct{ *reference }

func (m setPublishes) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	err := m.reference.Set(ctx, key, value, ttl)
	if err == nil {
		notifies{reference: m.reference}.publishes(key, value)
	}
	return err
}

// swapNotifies changes SwapNotify.
type swapNotifies struct {
	*reference
	swap func(m *reference, ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error)
}

func (m swapNotifies) SwapNotify(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	return m.swap(m.reference, ctx, key, v, value, ttl)
}

// swapNotifySwaps are its faults.
var swapNotifySwaps = map[string]func(m *reference, ctx context.Context, key string, v driver.Version, value []byte,
	ttl time.Duration) (bool, error){
	"ignores": func(m *reference, ctx context.Context, key string, _ driver.Version, value []byte, ttl time.Duration) (bool, error) {
		err := m.SetNotify(ctx, key, value, max(ttl, 0))
		return err == nil, err
	},
	"overwrites": func(m *reference, ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
		if v == nil {
			err := m.SetNotify(ctx, key, value, ttl)
			return err == nil, err
		}
		return m.SwapNotify(ctx, key, v, value, ttl)
	},
	"tellsAlways": func(m *reference, ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
		ok, err := m.SwapNotify(ctx, key, v, value, ttl)
		if !ok && err == nil {
			notifies{reference: m}.publishes(key, value)
		}
		return ok, err
	},
	"silent": func(m *reference, ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
		if v == nil {
			return m.Add(ctx, key, value, ttl)
		}
		return m.Swap(ctx, key, v, value, ttl)
	},
	"split": func(m *reference, ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
		_, now, err := m.GetVersion(ctx, key)
		if ctx.Err() != nil || (v == nil) != (err != nil) || v != now {
			return false, ctx.Err()
		}
		m.letOthersIn()
		err = m.SetNotify(ctx, key, value, max(ttl, 0))
		return err == nil, err
	},
	"dropsTTL": func(m *reference, ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
		return m.SwapNotify(ctx, key, v, value, max(ttl, 0))
	},
	"seesExpired": func(m *reference, ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
		m.mu.Lock()
		_, ok := m.entries[key]
		m.mu.Unlock()
		if ok && v == nil {
			return false, ctx.Err()
		}
		return m.SwapNotify(ctx, key, v, value, ttl)
	},
}

// hears changes what a subscription tells, and how it is made and ended.
type hears struct {
	*reference
	tell func(m driver.Message, tell func(driver.Message))
	hearing
}

// hearing says which of a subscription's methods do not do what they should.
type hearing struct{ late, deaf, hasty, addsLate, forAll, deafToContext bool }

func (m hears) Subscribe(ctx context.Context, keys []string, tell func(driver.Message)) (driver.Subscription, error) {
	inner := ctx
	if m.deafToContext && ctx.Err() == nil {
		inner = context.WithoutCancel(ctx)
	}
	heard := tell
	if m.tell != nil {
		heard = func(message driver.Message) { m.tell(message, tell) }
	}
	now := keys
	if m.late {
		now = nil
	}
	sub, err := m.reference.Subscribe(inner, now, heard)
	if err != nil {
		return nil, err
	}
	if m.late {
		time.AfterFunc(time.Millisecond, func() { _ = sub.Add(context.WithoutCancel(ctx), keys...) })
	}
	return heardSubscription{sub, m}, nil
}

type heardSubscription struct {
	driver.Subscription
	m hears
}

func (s heardSubscription) Add(ctx context.Context, keys ...string) error {
	if s.m.addsLate && ctx.Err() == nil {
		time.AfterFunc(time.Millisecond, func() { _ = s.Subscription.Add(context.WithoutCancel(ctx), keys...) })
		keys = nil
	}
	return s.Subscription.Add(ctx, keys...)
}

func (s heardSubscription) Remove(keys ...string) {
	s.Subscription.Remove(keys...)
	if !s.m.forAll {
		return
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	for l := range s.m.listeners {
		for _, key := range keys {
			delete(l.keys, key)
		}
	}
}

func (s heardSubscription) Stop() {
	switch {
	case s.m.deaf:
	case s.m.hasty:
		go s.Subscription.Stop()
	default:
		s.Subscription.Stop()
	}
}

// prefixes takes a key with a star for a pattern.
type prefixes struct{ *reference }

func (m prefixes) SetNotify(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := m.reference.SetNotify(ctx, key, value, ttl); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for l := range m.listeners {
		for pattern := range l.keys {
			if prefix, ok := strings.CutSuffix(pattern, "*"); ok && strings.HasPrefix(key, prefix) && !l.keys[key] {
				l.keys[key] = true
				l.hear(driver.Message{Key: key, Value: value})
			}
		}
	}
	return nil
}

// short has room for few messages, and says nothing of those that it drops.
type short struct{ *reference }

func (m short) SetNotify(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	err := m.reference.SetNotify(ctx, key, value, ttl)
	m.mu.Lock()
	defer m.mu.Unlock()
	for l := range m.listeners {
		l.queue = l.queue[:min(len(l.queue), 1000)]
	}
	return err
}

func notifyMutants() []mutant {
	sets := func(fault string) func() driver.Store {
		return func() driver.Store { return notifies{newReference(), notifySets[fault]} }
	}
	swaps := func(fault string) func() driver.Store {
		return func() driver.Store { return swapNotifies{newReference(), swapNotifySwaps[fault]} }
	}
	hearers := func(h hearing) func() driver.Store {
		return func() driver.Store { return hears{reference: newReference(), hearing: h} }
	}
	return []mutant{
		{name: "NotifyForgets", open: sets("forgets"), seenBy: []string{"notify/StoresAndTells", "prefixed/notify/StoresAndTells"}},
		{name: "NotifyLosesSome", open: sets("loses"), seenBy: []string{"notify/InOrder"}},
		{name: "NotifyTellsFirst", open: sets("first"), seenBy: []string{"notify/StoredBeforeTold"}},
		{name: "NotifyTellsLate", open: sets("late"), seenBy: []string{"notify/InOrder"}},
		{name: "NotifyWithoutTTL", open: sets("immortal"), seenBy: []string{"expiry/EveryWriteKeepsItsWord"}},
		{name: "NotifyTooLarge", open: sets("tooLarge"), seenBy: []string{"notify/TooLarge"}},
		{name: "NotifyCutsValues", open: sets("cuts"), seenBy: []string{"notify/AnyKeyAndValue"}},
		{name: "SetPublishes", open: func() driver.Store { return setPublishes{newReference()} },
			seenBy: []string{"notify/OtherWritesAreSilent"}},
		{name: "SwapNotifyIgnoresVersion", open: swaps("ignores"), seenBy: []string{"notify/SwapOld", "notify/SwapNotThere"}},
		{name: "SwapNotifyOverwrites", open: swaps("overwrites"), seenBy: []string{"notify/SwapNotThere", "notify/SwapHasOneWinner"}},
		{name: "SwapNotifyTellsAlways", open: swaps("tellsAlways"), seenBy: []string{"notify/SwapOld", "notify/SwapHasOneWinner"}},
		{name: "SwapNotifySilent", open: swaps("silent"), seenBy: []string{"notify/SwapCurrent", "notify/SwapNotThere"}},
		{name: "SwapNotifyNotAtomic", open: swaps("split"), seenBy: []string{"notify/SwapHasOneWinner", "notify/SwapLoopTellsAll"}},
		{name: "SwapNotifyDropsTTL", open: swaps("dropsTTL"), seenBy: []string{"notify/SwapKeepsTTL"}},
		{name: "SwapNotifySeesExpired", open: swaps("seesExpired"), seenBy: []string{"notify/SwapExpired"}},
		{name: "SubscribesLate", open: hearers(hearing{late: true}), seenBy: []string{"notify/RightAfterSubscribe"}},
		{name: "AddsLate", open: hearers(hearing{addsLate: true}), seenBy: []string{"notify/RightAfterSubscribe", "notify/Add"}},
		{name: "RemovesForAll", open: hearers(hearing{forAll: true}), seenBy: []string{"notify/Remove"}},
		{name: "StopIsDeaf", open: hearers(hearing{deaf: true}), seenBy: []string{"notify/Stop"}},
		{name: "StopDoesNotWait", open: hearers(hearing{hasty: true}), seenBy: []string{"notify/StopWaits"}},
		{name: "SubscriptionIgnoresContext", open: hearers(hearing{deafToContext: true}), seenBy: []string{"notify/EndsWithItsContext"}},
		{name: "TellsAtOnce", open: func() driver.Store {
			return hears{reference: newReference(), tell: func(m driver.Message, tell func(driver.Message)) { go tell(m) }}
		}, seenBy: []string{"notify/OneAtATime"}},
		{name: "TellsTwice", open: func() driver.Store {
			return hears{reference: newReference(), tell: func(m driver.Message, tell func(driver.Message)) { tell(m); tell(m) }}
		}, seenBy: []string{"notify/StoresAndTells", "notify/Add"}},
		{name: "SubscribesToPatterns", open: func() driver.Store { return prefixes{newReference()} }, seenBy: []string{"notify/OnlyItsKeys"}},
		{name: "DropsSilently", open: func() driver.Store { return short{newReference()} }, seenBy: []string{"notify/SlowIsToldOfLoss"}},
	}
}
