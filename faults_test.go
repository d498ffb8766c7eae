package larder_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/memory"
)

var errUnplugged = errors.New("unplugged")

var (
	reads  = []drivertest.Op{drivertest.OpGet, drivertest.OpGetLive, drivertest.OpGetMany, drivertest.OpInspect}
	stores = []drivertest.Op{
		drivertest.OpAdd, drivertest.OpAddLive, drivertest.OpSet, drivertest.OpSetLive, drivertest.OpSetMany,
		drivertest.OpSwap, drivertest.OpSwapLive,
	}
)

func unplug(f *drivertest.Faulty, ops []drivertest.Op) {
	for _, op := range ops {
		f.Fail(op, errUnplugged)
	}
}

// TestFaultIsNoMiss: an engine that cannot be reached is an error of every verb but GetOrSet.
func TestFaultIsNoMiss(t *testing.T) {
	liveOrNot(t, func(t *testing.T, live bool) {
		c, f := faulty(t, live, quiet())
		v := larder.Of[int](c, "")
		ok(t, v.Set(t.Context(), "k", 1))
		unplug(f, drivertest.AllOps())
		for name, err := range everyVerb(t.Context(), c, v) {
			if strings.HasPrefix(name, "GetOrSet") {
				ok(t, err)
				continue
			}
			wantErr(t, name, err, errUnplugged)
		}
		f.Heal()
		want(t, v, "k", 1)
	})
}

// TestLoadsWithoutAnEngine: GetOrSet answers from the loader, tells the log, and counts.
func TestLoadsWithoutAnEngine(t *testing.T) {
	liveOrNot(t, func(t *testing.T, live bool) {
		var log journal
		c, f := faulty(t, live, log.option())
		v := larder.Of[int](c, "p:")
		unplug(f, reads)
		unplug(f, stores)
		said(t, "GetOrSet", 5)(v.GetOrSet(t.Context(), "one", larder.Value(5)))
		if log.count("not read") != 1 || log.count("not stored") != 1 || log.count("p:one") != 2 || log.count("unplugged") != 2 {
			t.Errorf("the log says %q", log.lines)
		}
		if s := c.Stats(); s.Errors != 2 || s.Loads != 1 || s.Sets != 0 || s.Hits+s.Misses != 0 {
			t.Errorf("%+v", s)
		}
		said(t, "GetOrSetMany", map[string]int{"a": 1, "b": 1})(v.GetOrSetMany(t.Context(), []string{"a", "b"}, ones))
		f.Heal()
		wantMiss(t, v, "one")
		said(t, "GetMany", map[string]int{})(v.GetMany(t.Context(), []string{"a", "b"}))
	})
}

// TestStoreThatFailsOnlyToStore: the loaded value comes back, without an error.
func TestStoreThatFailsOnlyToStore(t *testing.T) {
	liveOrNot(t, func(t *testing.T, live bool) {
		var log journal
		c, f := faulty(t, live, log.option())
		v := larder.Of[user](c, "")
		unplug(f, stores)
		said(t, "GetOrSet", user{Name: "Ann"})(v.GetOrSet(t.Context(), "k", larder.Value(user{Name: "Ann"})))
		if log.count("not stored") != 1 || c.Stats().Errors != 1 {
			t.Errorf("the log says %q; %+v", log.lines, c.Stats())
		}
		wantMiss(t, v, "k")
	})
}

// TestLostReply: the store has worked, but did not answer.
func TestLostReply(t *testing.T) {
	liveOrNot(t, func(t *testing.T, live bool) {
		c, f := faulty(t, live, quiet())
		v := larder.Of[int](c, "")
		for _, op := range stores {
			f.LoseReply(op, errUnplugged)
		}
		said(t, "GetOrSet", 1)(v.GetOrSet(t.Context(), "k", larder.Value(1)))
		wantErr(t, "Set", v.Set(t.Context(), "k", 2), errUnplugged)
		want(t, v, "k", 2)
	})
}

// TestUndecodable counts as absent for GetOrSet: it is replaced and logged. For Get it is an error.
func TestUndecodable(t *testing.T) {
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			var log journal
			c := openCache(t, strings.TrimRight(s.url(t)+strings.Join(s.params, "&"), "?&"), log.option())
			texts, users := larder.Of[string](c, s.prefix), larder.Of[user](c, s.prefix)
			ok(t, texts.SetMany(t.Context(), map[string]string{"a": "text", "b": "text", "c": "text"}))
			_, err := users.Get(t.Context(), "a")
			wantErr(t, "Get", err, larder.ErrCodec)
			said(t, "GetOrSet", user{Age: 1})(users.GetOrSet(t.Context(), "a", larder.Value(user{Age: 1}), larder.TTL(time.Hour)))
			want(t, users, "a", user{Age: 1})
			wantTTL(t, users, "a", time.Hour)
			load := func(_ context.Context, missing []string) (map[string]user, error) {
				return map[string]user{"b": {Age: 2}}, nil
			}
			said(t, "GetOrSetMany", map[string]user{"a": {Age: 1}, "b": {Age: 2}})(users.GetOrSetMany(t.Context(), []string{"a", "b", "c"}, load))
			want(t, users, "b", user{Age: 2})
			want(t, texts, "c", "text")
			// The first is told; b and c are counted (see TestComplaintsOfOneKindLeaveTheOthers). The fourth error was Get's.
			if n, counted := log.count("loading instead"), c.Stats().Errors; n < 1 || counted != 4 {
				t.Errorf("%d errors are counted, the log says %d times what was replaced: %q", counted, n, log.lines)
			}
		})
	}
}

// TestUndecodableThatIsReplacedMeanwhile stays as who was faster has written it.
func TestUndecodableThatIsReplacedMeanwhile(t *testing.T) {
	liveOrNot(t, func(t *testing.T, live bool) {
		c, f := faulty(t, live, quiet())
		v := larder.Of[int](c, "")
		ok(t, f.Inner().Set(t.Context(), "::k", []byte("spoilt"), 0))
		said(t, "GetOrSet", 7)(v.GetOrSet(t.Context(), "k", func(ctx context.Context) (int, error) {
			return 1, f.Inner().Set(ctx, "::k", []byte("7"), 0) // another process
		}))
		want(t, v, "k", 7)
		ok(t, f.Inner().Set(t.Context(), "::k", []byte("spoilt"), 0))
		said(t, "GetOrSet", 2)(v.GetOrSet(t.Context(), "k", func(ctx context.Context) (int, error) {
			_, err := f.Inner().Delete(ctx, "::k")
			return 2, err
		}))
	})
}

// TestTooLarge: the loaded value comes back with the error. Set and SetMany delete the key.
func TestTooLarge(t *testing.T) {
	for _, url := range []string{"memory://?max_bytes=10kb", "memory://?max_bytes=10kb&isolate=true"} {
		t.Run(url, func(t *testing.T) {
			c := openCache(t, url, quiet())
			v, large := larder.Of[string](c, ""), strings.Repeat("x", 20_000)
			got, err := v.GetOrSet(t.Context(), "k", larder.Value(large))
			wantErr(t, "GetOrSet", err, larder.ErrTooLarge)
			if got != large {
				t.Error("the loaded value is lost")
			}
			load := func(context.Context, []string) (map[string]string, error) {
				return map[string]string{"k": large, "l": "small"}, nil
			}
			many, err := v.GetOrSetMany(t.Context(), []string{"k", "l"}, load)
			wantBatch(t, err, larder.ErrTooLarge, "k")
			said(t, "GetOrSetMany", map[string]string{"k": large, "l": "small"})(many, nil)
			ok(t, v.SetMany(t.Context(), map[string]string{"a": "old", "b": "old", "c": "old"}))
			_, err = v.Add(t.Context(), "c", large)
			wantErr(t, "Add", err, larder.ErrTooLarge)
			want(t, v, "c", "old")
			wantErr(t, "Set", v.Set(t.Context(), "a", large), larder.ErrTooLarge)
			wantMiss(t, v, "a")
			wantBatch(t, v.SetMany(t.Context(), map[string]string{"b": large, "c": "new"}), larder.ErrTooLarge, "b")
			wantMiss(t, v, "b")
			want(t, v, "c", "new")
		})
	}
}

// TestDoesNotEncode: the loaded value comes back with the error, and what was stored stays.
func TestDoesNotEncode(t *testing.T) {
	crossed(t, func(e env) {
		floats := of[float64](e)
		got, err := floats.GetOrSet(e.Context(), "k", larder.Value(math.Inf(-1)))
		wantErr(e, "GetOrSet", err, larder.ErrCodec)
		if !math.IsInf(got, -1) {
			e.Errorf("the loaded value is lost: %v", got)
		}
		any1, cycle := of[any](e), map[string]any{}
		cycle["self"] = cycle
		ok(e, any1.Set(e.Context(), "old", "1"))
		for what, val := range map[string]any{"a channel": make(chan int), "NaN": []any{1, math.NaN()}, "a cycle": cycle, "a function": func() {}} {
			wantErr(e, "Set of "+what, any1.Set(e.Context(), "old", val), larder.ErrCodec)
			_, err := any1.Add(e.Context(), "new", val)
			wantErr(e, "Add of "+what, err, larder.ErrCodec)
			_, err = any1.GetOrSet(e.Context(), "new", larder.Value(val))
			wantErr(e, "GetOrSet of "+what, err, larder.ErrCodec)
		}
		want[any](e, any1, "old", "1")
		wantMiss(e, any1, "new")
	})
}

// TestDummyStillEncodes: a value that fails elsewhere fails with the cache turned off.
func TestDummyStillEncodes(t *testing.T) {
	v := larder.Of[float64](openCache(t, "dummy://"), "")
	wantErr(t, "Set", v.Set(t.Context(), "k", math.NaN()), larder.ErrCodec)
	_, err := v.Add(t.Context(), "k", math.NaN())
	wantErr(t, "Add", err, larder.ErrCodec)
	ok(t, v.Set(t.Context(), "k", 1))
	wantMiss(t, v, "k")
	said(t, "Incr", int64(3))(v.Incr(t.Context(), "k", 3))
	said(t, "Has", false)(v.Has(t.Context(), "k"))
}

// four is a store with the mandatory methods only.
type four struct{ driver.Store }

// TestEngineWithFourMethods: what can be done without the optional interfaces is done, the rest says so.
func TestEngineWithFourMethods(t *testing.T) {
	wrap := map[string]func(driver.Store) driver.Store{
		"lacks":    func(s driver.Store) driver.Store { return four{s} },
		"declines": func(s driver.Store) driver.Store { return drivertest.NewFaulty(four{s}) },
	}
	for name, wrap := range wrap {
		t.Run(name, func(t *testing.T) {
			store, err := memory.New(memory.Options{Isolate: true})
			ok(t, err)
			c, err := larder.New(wrap(store), quiet())
			ok(t, err)
			t.Cleanup(func() { _ = c.Close() })
			fourMethods(t, c)
		})
	}
}

func fourMethods(t *testing.T, c *larder.Cache) {
	v, ctx := larder.Of[int](c, ""), t.Context()
	ok(t, v.SetMany(ctx, map[string]int{"a": 1, "b": 2}))
	said(t, "GetMany", map[string]int{"a": 1, "b": 2})(v.GetMany(ctx, []string{"a", "b", "c"}))
	said(t, "Has", true)(v.Has(ctx, "a"))
	said(t, "Has", false)(v.Has(ctx, "c"))
	said(t, "DeleteMany", 2)(v.DeleteMany(ctx, []string{"a", "b", "c"}))
	said(t, "GetOrSet", 1)(v.GetOrSet(ctx, "k", larder.Value(1)))
	want(t, v, "k", 1)
	ok(t, larder.Of[string](c, "").Set(ctx, "k", "spoilt"))
	said(t, "GetOrSet of what does not decode", 2)(v.GetOrSet(ctx, "k", larder.Value(2)))
	want(t, v, "k", 2)
	_, err := c.Ping(ctx)
	ok(t, err)
	_, addErr := v.Add(ctx, "x", 1)
	_, incrErr := v.Incr(ctx, "k", 1)
	_, touchErr := v.Touch(ctx, "k")
	_, _, ttlErr := v.TTL(ctx, "k")
	_, clearErr := larder.Of[int](c, "x").Clear(ctx)
	_, allErr := c.Clear(ctx)
	for name, err := range map[string]error{
		"Add": addErr, "Incr": incrErr, "Touch": touchErr, "TTL": ttlErr, "Clear": clearErr, "Cache.Clear": allErr,
	} {
		wantErr(t, name, err, errors.ErrUnsupported)
	}
}

// marshalBomb panics when it is encoded.
type marshalBomb struct{ Armed bool }

func (b marshalBomb) MarshalJSON() ([]byte, error) {
	if b.Armed {
		panic("boom")
	}
	return json.Marshal(struct{}{})
}

// TestMarshallerThatPanics: the panic reaches the caller, who may recover, and nobody waits for ever.
func TestMarshallerThatPanics(t *testing.T) {
	liveOrNot(t, func(t *testing.T, live bool) {
		c, _ := faulty(t, live)
		v := larder.Of[marshalBomb](c, "")
		caught := func(call func()) {
			t.Helper()
			defer func() {
				if r := recover(); r != "boom" {
					t.Errorf("recovered %v", r)
				}
			}()
			call()
		}
		armed := marshalBomb{true}
		caught(func() { _ = v.Set(t.Context(), "k", armed) })
		caught(func() { _, _ = v.GetOrSet(t.Context(), "k", larder.Value(armed)) })
		caught(func() {
			_, _ = v.GetOrSetMany(t.Context(), []string{"k", "l", "m"}, func(context.Context, []string) (map[string]marshalBomb, error) {
				return map[string]marshalBomb{"k": {}, "l": armed, "m": armed}, nil
			})
		})
		said(t, "GetOrSet", marshalBomb{})(v.GetOrSet(t.Context(), "l", larder.Value(marshalBomb{})))
	})
}
