package drivertest

import (
	"errors"
	"time"

	"github.com/larder-go/larder/driver"
)

// writer is a method that gives an entry a lifetime.
type writer struct {
	name  string
	needs Capability
	// prepare, if not nil, makes what write needs to find.
	prepare func(e *env, key string)
	write   func(e *env, key string, ttl time.Duration) error
}

func writers() []writer {
	exists := func(e *env, key string) { e.set(key, "7", longTTL) }
	return []writer{
		{name: "Set", write: func(e *env, k string, ttl time.Duration) error {
			return e.store.Set(e.ctx, e.k(k), []byte("7"), ttl)
		}},
		{name: "SetOver", prepare: exists, write: func(e *env, k string, ttl time.Duration) error {
			return e.store.Set(e.ctx, e.k(k), []byte("8"), ttl)
		}},
		{name: "SetMany", needs: Batcher, write: func(e *env, k string, ttl time.Duration) error {
			return e.batcher.SetMany(e.ctx, []driver.Item{{Key: e.k(k), Value: []byte("7")}}, ttl)
		}},
		{name: "SetManyOver", needs: Batcher, prepare: exists, write: func(e *env, k string, ttl time.Duration) error {
			return e.batcher.SetMany(e.ctx, []driver.Item{{Key: e.k(k), Value: []byte("7")}}, ttl)
		}},
		{name: "Add", needs: Adder, write: func(e *env, k string, ttl time.Duration) error {
			return did(e.adder.Add(e.ctx, e.k(k), []byte("7"), ttl))
		}},
		{name: "Touch", needs: Toucher, prepare: exists, write: func(e *env, k string, ttl time.Duration) error {
			return did(e.toucher.Touch(e.ctx, e.k(k), ttl))
		}},
		{name: "Incr", needs: Counter, write: func(e *env, k string, ttl time.Duration) error {
			_, err := e.counter.Incr(e.ctx, e.k(k), 7, ttl)
			return err
		}},
		{name: "IncrFloat", needs: Counter, write: func(e *env, k string, ttl time.Duration) error {
			_, err := e.counter.IncrFloat(e.ctx, e.k(k), 7.5, ttl)
			return err
		}},
		{name: "Swap", needs: Swapper, prepare: exists, write: func(e *env, k string, ttl time.Duration) error {
			_, v, err := e.swapper.GetVersion(e.ctx, e.k(k))
			if err != nil {
				return err
			}
			return did(e.swapper.Swap(e.ctx, e.k(k), v, []byte("8"), ttl))
		}},
		{name: "SetNotify", needs: Notifier, write: func(e *env, k string, ttl time.Duration) error {
			return e.notifier.SetNotify(e.ctx, e.k(k), []byte("7"), ttl)
		}},
		{name: "SetNotifyOver", needs: Notifier, prepare: exists, write: func(e *env, k string, ttl time.Duration) error {
			return e.notifier.SetNotify(e.ctx, e.k(k), []byte("8"), ttl)
		}},
		{name: "SetLive", needs: Live, write: func(e *env, k string, ttl time.Duration) error {
			return e.live.SetLive(e.prefix, k, driver.Bytes("7"), ttl)
		}},
		{name: "SetLiveOver", needs: Live, prepare: exists, write: func(e *env, k string, ttl time.Duration) error {
			return e.live.SetLive(e.prefix, k, driver.Bytes("7"), ttl)
		}},
		{name: "AddLive", needs: Live, write: func(e *env, k string, ttl time.Duration) error {
			return did(e.live.AddLive(e.prefix, k, driver.Bytes("7"), ttl))
		}},
		{name: "SwapLive", needs: Live, prepare: exists, write: func(e *env, k string, ttl time.Duration) error {
			old, err := e.live.GetLive(e.prefix, k)
			if err != nil {
				return err
			}
			return did(e.live.SwapLive(e.prefix, k, old, driver.Bytes("8"), ttl))
		}},
	}
}

var errDidNot = errors.New("it says that it did nothing")

// did turns the answer of a method that must do something into an error.
func did(ok bool, err error) error {
	if err == nil && !ok {
		return errDidNot
	}
	return err
}
