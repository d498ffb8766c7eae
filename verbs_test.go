package larder_test

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder"
)

func TestGetAndSet(t *testing.T) {
	crossed(t, func(e env) {
		roundTrips(e, true, false)
		roundTrips(e, math.MinInt64, 0, 1<<53+1, math.MaxInt64)
		roundTrips(e, uint64(math.MaxUint64))
		roundTrips(e, 0.1, math.Copysign(0, -1), 1e300, 5e-324, math.MaxFloat64)
		roundTrips(e, "", "text", "<&>", "ünï 😀", "\x00\n\"", strings.Repeat("long ", 20_000))
		roundTrips(e, []string{}, nil, []string{"a", ""})
		roundTrips(e, map[string]int{"a": 1}, map[string]int{}, nil)
		roundTrips(e, user{}, user{Name: "Ann", Tags: []string{"x"}, More: map[string]any{"n": json.Number("9007199254740993")}})
		roundTrips(e, point{1, -2, "here"}, point{})
		roundTrips(e, [2]point{{1, 2, "a"}, {3, 4, "b"}})
		roundTrips(e, time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), time.Time{})
		roundTrips[any](e, nil, true, "text", json.Number("1.50"), []any{nil, map[string]any{}})
		roundTrips(e, json.RawMessage(`{"a": [1, NaN]}`))
		n := 5
		roundTrips(e, &n, nil)
	})
}

func roundTrips[V any](e env, values ...V) {
	e.Helper()
	v := of[V](e)
	for _, val := range values {
		// Bare NaN is read, and cannot be written.
		if raw, is := any(val).(json.RawMessage); is && strings.Contains(string(raw), "NaN") {
			wantErr(e, "Set", v.Set(e.Context(), "k", val), larder.ErrCodec)
			continue
		}
		ok(e, v.Set(e.Context(), "k", val))
		want(e, v, "k", val)
	}
}

func TestMiss(t *testing.T) {
	crossed(t, func(e env) {
		v := of[user](e)
		wantMiss(e, v, "k")
		said(e, "GetOr", user{Name: "def"})(v.GetOr(e.Context(), "k", user{Name: "def"}))
		said(e, "Has", false)(v.Has(e.Context(), "k"))
		_, _, err := v.TTL(e.Context(), "k")
		wantErr(e, "TTL", err, larder.ErrMiss)
		said(e, "Delete", false)(v.Delete(e.Context(), "k"))
		said(e, "Touch", false)(v.Touch(e.Context(), "k", larder.TTL(time.Hour)))
		wantMiss(e, v, "k")
	})
}

func TestPresent(t *testing.T) {
	crossed(t, func(e env) {
		v := of[user](e)
		ok(e, v.Set(e.Context(), "k", user{Name: "Ann"}))
		said(e, "GetOr", user{Name: "Ann"})(v.GetOr(e.Context(), "k", user{Name: "def"}))
		said(e, "Has", true)(v.Has(e.Context(), "k"))
		ok(e, v.Set(e.Context(), "k", user{Name: "Bob"}))
		want(e, v, "k", user{Name: "Bob"})
		said(e, "Delete", true)(v.Delete(e.Context(), "k"))
		wantMiss(e, v, "k")
		said(e, "Delete of what is gone", false)(v.Delete(e.Context(), "k"))
	})
}

// TestStoredNull: a null is a value, in every verb.
func TestStoredNull(t *testing.T) {
	crossed(t, func(e env) {
		v := of[*user](e)
		ok(e, v.Set(e.Context(), "k", nil))
		want(e, v, "k", nil)
		said(e, "GetOr", (*user)(nil))(v.GetOr(e.Context(), "k", &user{}))
		said(e, "Has", true)(v.Has(e.Context(), "k"))
		said(e, "Add", false)(v.Add(e.Context(), "k", &user{}))
		said(e, "GetOrSet", (*user)(nil))(v.GetOrSet(e.Context(), "k", never[*user](e)))
		said(e, "GetMany", map[string]*user{"k": nil})(v.GetMany(e.Context(), []string{"k", "absent"}))
	})
}

func TestAdd(t *testing.T) {
	crossed(t, func(e env) {
		v := of[point](e)
		said(e, "Add", true)(v.Add(e.Context(), "k", point{X: 1}))
		said(e, "Add over an entry", false)(v.Add(e.Context(), "k", point{X: 2}))
		want(e, v, "k", point{X: 1})
		_, err := v.Delete(e.Context(), "k")
		ok(e, err)
		said(e, "Add after Delete", true)(v.Add(e.Context(), "k", point{X: 3}))
		want(e, v, "k", point{X: 3})
	})
}

func TestGetOrSet(t *testing.T) {
	crossed(t, func(e env) {
		v := of[user](e)
		loaded := user{Name: "loaded", Tags: []string{"x"}}
		said(e, "GetOrSet", loaded)(v.GetOrSet(e.Context(), "k", larder.Value(loaded)))
		want(e, v, "k", loaded)
		said(e, "GetOrSet of an entry", loaded)(v.GetOrSet(e.Context(), "k", never[user](e)))
		got, err := v.GetOrSet(e.Context(), "none", fails[user](larder.ErrNotFound))
		if err != larder.ErrNotFound || got.Name != "" { //nolint:errorlint // it is handed on as it is
			e.Errorf("a loader that says ErrNotFound: %v, %v", got, err)
		}
		wantMiss(e, v, "none")
	})
}

// TestViewsOfOneKey: what is an entry for one type is one for another that it decodes into, and an error for the rest.
func TestViewsOfOneKey(t *testing.T) {
	crossed(t, func(e env) {
		ok(e, of[int](e).Set(e.Context(), "n", 5))
		want(e, of[int64](e), "n", int64(5))
		want(e, of[float64](e), "n", 5.0)
		want[any](e, of[any](e), "n", json.Number("5"))
		want(e, of[json.RawMessage](e), "n", json.RawMessage("5"))
		said(e, "Incr", int64(6))(of[string](e).Incr(e.Context(), "n", 1))
		want(e, of[int](e), "n", 6)
		_, err := of[string](e).Get(e.Context(), "n")
		wantErr(e, "an integer as a string", err, larder.ErrCodec)
		_, err = of[point](e).Get(e.Context(), "n")
		wantErr(e, "an integer as a struct", err, larder.ErrCodec)
		ok(e, of[point](e).Set(e.Context(), "p", point{X: 1, Label: "<"}))
		want(e, of[json.RawMessage](e), "p", json.RawMessage(`{"X":1,"Y":0,"Label":"<"}`))
		want(e, of[struct{ Label string }](e), "p", struct{ Label string }{"<"})
		_, err = of[int](e).Get(e.Context(), "p")
		wantErr(e, "a struct as an integer", err, larder.ErrCodec)
	})
}

// TestPrefixJoinsKey: where the prefix of a view ends does not matter.
func TestPrefixJoinsKey(t *testing.T) {
	crossed(t, func(e env) {
		whole, split := larder.Of[int](e.c, e.prefix), larder.Of[int](e.c, e.prefix+"user:")
		ok(e, split.Set(e.Context(), "42", 1))
		want(e, whole, "user:42", 1)
		ok(e, whole.Set(e.Context(), "user:", 2))
		want(e, split, "", 2)
		said(e, "Keys", []string{"", "42"})(keysOf(e, split.Keys(e.Context())), nil)
	})
}

func TestAfterClose(t *testing.T) {
	crossed(t, func(e env) {
		v := of[int](e)
		ok(e, v.Set(e.Context(), "k", 1))
		for range 2 {
			ok(e, e.c.Close())
		}
		for name, err := range everyVerb(e.Context(), e.c, v) {
			wantErr(e, name+" after Close", err, larder.ErrClosed)
		}
	})
}

func TestEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	crossed(t, func(e env) {
		v := of[int](e)
		ok(e, v.Set(e.Context(), "k", 1))
		for name, err := range everyVerb(ctx, e.c, v) {
			wantErr(e, name+" with a context that has ended", err, context.Canceled)
		}
		want(e, v, "k", 1)
		said(e, "Keys", []string{"k"})(keysOf(e, v.Keys(e.Context())), nil)
	})
}

// everyVerb calls each verb once.
func everyVerb(ctx context.Context, c *larder.Cache, v *larder.View[int]) map[string]error {
	errs, keys := map[string]error{}, []string{"k", "l"}
	load := func(context.Context, []string) (map[string]int, error) { return nil, nil }
	_, errs["Get"] = v.Get(ctx, "k")
	_, errs["GetOr"] = v.GetOr(ctx, "k", 1)
	_, errs["Has"] = v.Has(ctx, "k")
	_, _, errs["TTL"] = v.TTL(ctx, "k")
	errs["Set"] = v.Set(ctx, "k", 1)
	_, errs["Add"] = v.Add(ctx, "k", 1)
	_, errs["GetOrSet"] = v.GetOrSet(ctx, "k", larder.Value(1))
	_, errs["GetMany"] = v.GetMany(ctx, keys)
	errs["SetMany"] = v.SetMany(ctx, map[string]int{"k": 1})
	_, errs["DeleteMany"] = v.DeleteMany(ctx, keys)
	_, errs["GetOrSetMany"] = v.GetOrSetMany(ctx, keys, load)
	_, errs["Delete"] = v.Delete(ctx, "k")
	_, errs["Touch"] = v.Touch(ctx, "k")
	_, errs["Incr"] = v.Incr(ctx, "k", 1)
	_, errs["Decr"] = v.Decr(ctx, "k", 1)
	_, errs["IncrFloat"] = v.IncrFloat(ctx, "k", 1)
	_, errs["DecrFloat"] = v.DecrFloat(ctx, "k", 1)
	_, errs["Inspect"] = v.Inspect(ctx, keys)
	_, errs["Ping"] = c.Ping(ctx)
	_, errs["Report"] = c.Report(ctx)
	_, errs["Cache.Incr"] = c.Incr(ctx, "k", 1)
	_, errs["Cache.Clear"] = c.Clear(ctx)
	_, errs["Clear"] = larder.Of[int](c, "x").Clear(ctx)
	for _, err := range v.Keys(ctx) {
		errs["Keys"] = err
	}
	for _, err := range c.Keys(ctx) {
		errs["Cache.Keys"] = err
	}
	return errs
}
