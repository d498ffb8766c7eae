package drivertest_test

import (
	"time"

	"github.com/larder-go/larder/driver"
)

// Of live values.

// liveApart has entries of its own for each split of a key.
type liveApart struct{ *reference }

func (m liveApart) GetLive(prefix, key string) (driver.Value, error) {
	return m.reference.GetLive(prefix+"\x00", key)
}

func (m liveApart) SetLive(prefix, key string, v driver.Value, ttl time.Duration) error {
	return m.reference.SetLive(prefix+"\x00", key, v, ttl)
}

// liveEncodes keeps the bytes.
type liveEncodes struct{ *reference }

func (m liveEncodes) SetLive(prefix, key string, v driver.Value, ttl time.Duration) error {
	b, err := v.Encode()
	if err != nil {
		return err
	}
	return m.reference.SetLive(prefix, key, driver.Bytes(b), ttl)
}

// swapLiveByBytes compares what values look like.
type swapLiveByBytes struct{ *reference }

func (m swapLiveByBytes) SwapLive(prefix, key string, old, v driver.Value, ttl time.Duration) (bool, error) {
	now, err := m.GetLive(prefix, key)
	if err != nil {
		return false, nil
	}
	a, _ := now.Encode()
	b, _ := old.Encode()
	if string(a) != string(b) {
		return false, nil
	}
	return m.reference.SwapLive(prefix, key, now, v, ttl)
}

func liveMutants() []mutant {
	return []mutant{
		{name: "LiveApart", open: func() driver.Store { return liveApart{newReference()} },
			seenBy: []string{"live/KeySplitsAnywhere", "live/ComesBackAsItIs"}},
		{name: "LiveEncodes", open: func() driver.Store { return liveEncodes{newReference()} }, seenBy: []string{"live/ComesBackAsItIs"}},
		{name: "SwapLiveByBytes", open: func() driver.Store { return swapLiveByBytes{newReference()} }, seenBy: []string{"live/Swap"}},
	}
}
