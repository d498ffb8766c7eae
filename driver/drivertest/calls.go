package drivertest

import (
	"context"
	"fmt"
	"time"

	"github.com/larder-go/larder/driver"
)

// call is one method of a store, called with harmless arguments on one key.
type call struct {
	name   string
	needs  Capability // "" for the mandatory methods
	writes bool       // it would change the entry at key
	// noContext: the method takes no context.
	noContext bool
	call      func(ctx context.Context, e *env, key string) error
}

// calls lists every method but Close and those that cannot fail (EngineName, Unwrap).
func calls() []call {
	v := []byte("called")
	return []call{
		{name: "Get", call: func(ctx context.Context, e *env, k string) error { _, err := e.store.Get(ctx, k); return err }},
		{name: "Set", writes: true, call: func(ctx context.Context, e *env, k string) error { return e.store.Set(ctx, k, v, 0) }},
		{name: "Delete", writes: true, call: func(ctx context.Context, e *env, k string) error {
			ok, err := e.store.Delete(ctx, k)
			return both(ok, err)
		}},
		{name: "GetMany", needs: Batcher, call: func(ctx context.Context, e *env, k string) error {
			_, err := e.batcher.GetMany(ctx, []string{k, k + "2"})
			return err
		}},
		{name: "SetMany", needs: Batcher, writes: true, call: func(ctx context.Context, e *env, k string) error {
			return e.batcher.SetMany(ctx, []driver.Item{{Key: k, Value: v}, {Key: k + "2", Value: v}}, 0)
		}},
		{name: "DeleteMany", needs: Batcher, writes: true, call: func(ctx context.Context, e *env, k string) error {
			n, err := e.batcher.DeleteMany(ctx, []string{k, k + "2"})
			return both(n != 0, err)
		}},
		{name: "Add", needs: Adder, writes: true, call: func(ctx context.Context, e *env, k string) error {
			ok, err := e.adder.Add(ctx, k, v, 0)
			return both(ok, err)
		}},
		{name: "Touch", needs: Toucher, writes: true, call: func(ctx context.Context, e *env, k string) error {
			ok, err := e.toucher.Touch(ctx, k, 0)
			return both(ok, err)
		}},
		{name: "Incr", needs: Counter, writes: true, call: func(ctx context.Context, e *env, k string) error {
			_, err := e.counter.Incr(ctx, k, 1, 0)
			return err
		}},
		{name: "IncrFloat", needs: Counter, writes: true, call: func(ctx context.Context, e *env, k string) error {
			_, err := e.counter.IncrFloat(ctx, k, 0.5, 0)
			return err
		}},
		{name: "GetVersion", needs: Swapper, call: func(ctx context.Context, e *env, k string) error {
			_, _, err := e.swapper.GetVersion(ctx, k)
			return err
		}},
		{name: "Swap", needs: Swapper, writes: true, call: func(ctx context.Context, e *env, k string) error {
			ok, err := e.swapper.Swap(ctx, k, e.someVersion, v, 0)
			return both(ok, err)
		}},
		{name: "Scan", needs: Scanner, call: func(ctx context.Context, e *env, k string) error {
			for key, err := range e.scanner.Scan(ctx, k) {
				if err != nil && key != "" {
					return fmt.Errorf("an error that comes with the key %q: %w", key, err)
				}
				return err
			}
			return nil
		}},
		{name: "Clear", needs: PrefixClearer, writes: true, call: func(ctx context.Context, e *env, k string) error {
			n, err := e.clearer.Clear(ctx, k)
			return both(n > 0, err)
		}},
		{name: "ClearAll", needs: Clearer, writes: true, call: func(ctx context.Context, e *env, _ string) error {
			n, err := e.clearer.ClearAll(ctx)
			return both(n > 0, err)
		}},
		{name: "Inspect", needs: Inspector, call: func(ctx context.Context, e *env, k string) error {
			_, err := e.inspector.Inspect(ctx, []string{k})
			return err
		}},
		{name: "Ping", needs: Pinger, call: func(ctx context.Context, e *env, _ string) error { _, err := e.pinger.Ping(ctx); return err }},
		{name: "Report", needs: Reporter, call: func(ctx context.Context, e *env, _ string) error {
			_, err := e.reporter.Report(ctx)
			return err
		}},
		{name: "Advise", needs: Advisor, call: func(ctx context.Context, e *env, _ string) error {
			_, err := e.advisor.Advise(ctx)
			return err
		}},
		{name: "GetTimed", needs: Timed, call: func(ctx context.Context, e *env, k string) error {
			_, err := e.timed.GetTimed(ctx, []string{k})
			return err
		}},
		{name: "Watch", needs: Watcher, call: func(ctx context.Context, e *env, k string) error {
			stop, err := e.watcher.Watch(ctx, k, func(driver.Event) {})
			if err == nil {
				stop()
			}
			return err
		}},
		{name: "Acquire", needs: Leaser, call: func(ctx context.Context, e *env, k string) error {
			// A lease so short that a call of Await does not hang.
			_, err := e.leaser.Acquire(ctx, []string{k, k + "2"}, 10*time.Millisecond)
			return err
		}},
		{name: "Renew", needs: Leaser, call: func(ctx context.Context, e *env, k string) error {
			ok, err := e.leaser.Renew(ctx, k, "no lease", driver.MaxLease)
			return both(ok, err)
		}},
		{name: "Fill", needs: Leaser, call: func(ctx context.Context, e *env, k string) error {
			_, err := e.leaser.Fill(ctx, []driver.Filling{{Key: k, Lease: "no lease", Value: v}}, 0)
			return err
		}},
		{name: "Release", needs: Leaser, call: func(ctx context.Context, e *env, k string) error {
			ok, err := e.leaser.Release(ctx, k, "no lease")
			return both(ok, err)
		}},
		{name: "Await", needs: Leaser, call: func(ctx context.Context, e *env, k string) error { return e.leaser.Await(ctx, k) }},
		{name: "SetNotify", needs: Notifier, writes: true, call: func(ctx context.Context, e *env, k string) error {
			return e.notifier.SetNotify(ctx, k, v, 0)
		}},
		{name: "SwapNotify", needs: Notifier, writes: true, call: func(ctx context.Context, e *env, k string) error {
			ok, err := e.notifier.SwapNotify(ctx, k, nil, v, 0)
			return both(ok, err)
		}},
		{name: "Subscribe", needs: Notifier, call: func(ctx context.Context, e *env, k string) error {
			sub, err := e.notifier.Subscribe(ctx, []string{k}, func(driver.Message) {})
			if err == nil {
				sub.Stop()
			}
			return err
		}},
		{name: "Collect", needs: Collector, call: func(ctx context.Context, e *env, k string) error {
			_, err := e.collector.Collect(ctx, beside(k), 1, v, 0)
			return err
		}},
		{name: "Members", needs: Collector, call: func(ctx context.Context, e *env, k string) error {
			_, err := e.collector.Members(ctx, beside(k))
			return err
		}},
		{name: "Drop", needs: Collector, call: func(ctx context.Context, e *env, k string) error {
			return e.collector.Drop(ctx, beside(k))
		}},
		{name: "GetLive", needs: Live, noContext: true, call: func(_ context.Context, e *env, k string) error {
			_, err := e.live.GetLive(k, "")
			return err
		}},
		{name: "SetLive", needs: Live, writes: true, noContext: true, call: func(_ context.Context, e *env, k string) error {
			return e.live.SetLive(k, "", driver.Bytes(v), 0)
		}},
		{name: "AddLive", needs: Live, writes: true, noContext: true, call: func(_ context.Context, e *env, k string) error {
			ok, err := e.live.AddLive(k, "", driver.Bytes(v), 0)
			return both(ok, err)
		}},
		{name: "SwapLive", needs: Live, writes: true, noContext: true, call: func(_ context.Context, e *env, k string) error {
			ok, err := e.live.SwapLive(k, "", driver.Bytes("old"), driver.Bytes(v), 0)
			return both(ok, err)
		}},
	}
}

// beside names a collection at keys of its own.
func beside(key string) driver.Collection {
	key += "{tag}" // keeps them together in a cluster
	return driver.Collection{Members: key + ".j", Counts: [2]string{key + ".t", key + ".s"}}
}

// both finds fault with an answer that claims success and failure.
func both(did bool, err error) error {
	if did && err != nil {
		return fmt.Errorf("it says that it did something, and also: %w", err)
	}
	return err
}
