package larder_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder"
)

// ones loads 1 for every key.
func ones(_ context.Context, missing []string) (map[string]int, error) {
	loaded := map[string]int{}
	for _, k := range missing {
		loaded[k] = 1
	}
	return loaded, nil
}

func TestBatches(t *testing.T) {
	crossed(t, func(e env) {
		v, ctx := of[user](e), e.Context()
		values := map[string]user{"a": {Name: "Ann"}, "b": {Name: "Bob", Tags: []string{"x"}}, "": {}}
		if e.wire("", "") == "" {
			delete(values, "")
		}
		ok(e, v.SetMany(ctx, values))
		got, err := v.GetMany(ctx, []string{"b", "absent", "a", "a"})
		said(e, "GetMany", map[string]user{"a": values["a"], "b": values["b"]})(got, err)
		said(e, "DeleteMany", 2)(v.DeleteMany(ctx, []string{"a", "absent", "b", "a"}))
		said(e, "GetMany", map[string]user{})(v.GetMany(ctx, []string{"a", "b"}))
	})
}

func TestEmptyBatches(t *testing.T) {
	crossed(t, func(e env) {
		v, ctx := of[int](e), e.Context()
		ok(e, v.SetMany(ctx, nil))
		ok(e, v.SetMany(ctx, map[string]int{}))
		for _, none := range [][]string{nil, {}} {
			said(e, "GetMany", map[string]int{})(v.GetMany(ctx, none))
			said(e, "DeleteMany", 0)(v.DeleteMany(ctx, none))
			said(e, "GetOrSetMany", map[string]int{})(v.GetOrSetMany(ctx, none, neverMany[int](e)))
		}
		if s := e.c.Stats(); s != (larder.Stats{}) {
			e.Errorf("empty batches are counted: %+v", s)
		}
	})
}

func neverMany[V any](t testing.TB) func(context.Context, []string) (map[string]V, error) {
	return func(_ context.Context, missing []string) (map[string]V, error) {
		t.Errorf("the loader runs for %q", missing)
		return nil, nil
	}
}

func TestBigBatch(t *testing.T) {
	crossed(t, func(e env) {
		v, values, keys := of[int](e), map[string]int{}, []string{}
		for i := range 1000 {
			keys = append(keys, fmt.Sprint("key", i))
			values[keys[i]] = i
		}
		ok(e, v.SetMany(e.Context(), values, larder.TTL(time.Hour)))
		said(e, "GetMany", values)(v.GetMany(e.Context(), keys))
		said(e, "DeleteMany", len(keys))(v.DeleteMany(e.Context(), keys))
	})
}

// TestOneBadValue: it fails alone, by name, and the others are stored.
func TestOneBadValue(t *testing.T) {
	crossed(t, func(e env) {
		v := of[float64](e)
		ok(e, v.Set(e.Context(), "bad", 7))
		err := v.SetMany(e.Context(), map[string]float64{"a": 1, "bad": math.NaN(), "b": 2})
		wantBatch(e, err, larder.ErrCodec, "bad")
		said(e, "GetMany", map[string]float64{"a": 1, "b": 2, "bad": 7})(v.GetMany(e.Context(), []string{"a", "b", "bad"}))
	})
}

func TestOneLongKey(t *testing.T) {
	crossed(t, func(e env) {
		v, long := of[int](e), strings.Repeat("k", 70_000)
		err := v.SetMany(e.Context(), map[string]int{"a": 1, long: 2})
		wantBatch(e, err, larder.ErrBadKey, long)
		want(e, v, "a", 1)
	})
}

func TestOneUndecodable(t *testing.T) {
	crossed(t, func(e env) {
		ok(e, of[string](e).Set(e.Context(), "bad", "text"))
		v := of[int](e)
		ok(e, v.SetMany(e.Context(), map[string]int{"a": 1, "b": 2}))
		got, err := v.GetMany(e.Context(), []string{"a", "bad", "b", "absent"})
		wantBatch(e, err, larder.ErrCodec, "bad")
		said(e, "GetMany", map[string]int{"a": 1, "b": 2})(got, nil)
	})
}

// wantBatch fails unless exactly these keys failed, each with target.
func wantBatch(t testing.TB, err, target error, keys ...string) {
	t.Helper()
	var b *larder.BatchError
	if !errors.As(err, &b) {
		t.Fatalf("the error is %v; want a *BatchError", err)
	}
	wantErr(t, "the batch", err, target)
	if len(b.Keys) != len(keys) {
		t.Errorf("%d keys failed; want %d: %v", len(b.Keys), len(keys), b)
	}
	for _, key := range keys {
		wantErr(t, fmt.Sprintf("%.20q", key), b.Keys[key], target)
	}
	if text := b.Error(); strings.Count(text, "larder: ") != 1 || len(text) > 1000 {
		t.Errorf("the error reads %q", text)
	}
}

func TestGetOrSetMany(t *testing.T) {
	crossed(t, func(e env) {
		v, ctx := of[user](e), e.Context()
		ok(e, v.Set(ctx, "a", user{Name: "stored"}))
		var asked []string
		load := func(_ context.Context, missing []string) (map[string]user, error) {
			asked = append(asked, missing...)
			return map[string]user{"b": {Name: "loaded"}, "unasked": {}}, nil
		}
		both := map[string]user{"a": {Name: "stored"}, "b": {Name: "loaded"}}
		said(e, "GetOrSetMany", both)(v.GetOrSetMany(ctx, []string{"a", "b", "nowhere", "b"}, load))
		said(e, "the keys that the loader is asked for", []string{"b", "nowhere"})(asked, nil)
		said(e, "GetOrSetMany of entries", both)(v.GetOrSetMany(ctx, []string{"a", "b"}, neverMany[user](e)))
		wantMiss(e, v, "nowhere")
		wantMiss(e, v, "unasked")
	})
}

func TestGetOrSetManyThatFails(t *testing.T) {
	crossed(t, func(e env) {
		v := of[int](e)
		ok(e, v.Set(e.Context(), "a", 1))
		got, err := v.GetOrSetMany(e.Context(), []string{"a", "b"}, func(context.Context, []string) (map[string]int, error) {
			return map[string]int{"b": 2}, errOrigin
		})
		if err != errOrigin { //nolint:errorlint // it is handed on as it is
			e.Errorf("the loader's error: %v", err)
		}
		said(e, "what was found", map[string]int{"a": 1})(got, nil)
		wantMiss(e, v, "b")
	})
}

func TestGetOrSetManyWithABadValue(t *testing.T) {
	crossed(t, func(e env) {
		v := of[float64](e)
		load := func(context.Context, []string) (map[string]float64, error) {
			return map[string]float64{"a": 1, "bad": math.Inf(1), "b": 2}, nil
		}
		got, err := v.GetOrSetMany(e.Context(), []string{"a", "bad", "b"}, load)
		wantBatch(e, err, larder.ErrCodec, "bad")
		said(e, "what was loaded", map[string]float64{"a": 1, "bad": math.Inf(1), "b": 2})(got, nil)
		want(e, v, "a", 1)
		wantMiss(e, v, "bad")
	})
}
