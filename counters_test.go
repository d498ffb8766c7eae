package larder_test

import (
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/larder-go/larder"
)

func TestCounters(t *testing.T) {
	crossed(t, func(e env) {
		v, ctx := of[int64](e), e.Context()
		said(e, "Incr of a missing key", int64(5))(v.Incr(ctx, "n", 5))
		said(e, "Incr", int64(7))(v.Incr(ctx, "n", 2))
		said(e, "Decr", int64(-3))(v.Decr(ctx, "n", 10))
		said(e, "Decr of a missing key", int64(-4))(v.Decr(ctx, "m", 4))
		said(e, "Incr by 0 of a missing key", int64(0))(v.Incr(ctx, "zero", 0))
		want(e, v, "n", -3)
		want(e, v, "zero", 0)
		ok(e, v.Set(ctx, "set", 40))
		said(e, "Incr of what Set has written", int64(42))(v.Incr(ctx, "set", 2))
	})
}

func TestFloatCounters(t *testing.T) {
	crossed(t, func(e env) {
		v, ctx := of[float64](e), e.Context()
		said(e, "IncrFloat of a missing key", 0.5)(v.IncrFloat(ctx, "f", 0.5))
		said(e, "IncrFloat", 2.0)(v.IncrFloat(ctx, "f", 1.5))
		said(e, "Incr of a whole sum", int64(3))(v.Incr(ctx, "f", 1))
		said(e, "DecrFloat", 2.75)(v.DecrFloat(ctx, "f", 0.25))
		want(e, v, "f", 2.75)
		_, err := v.Incr(ctx, "f", 1)
		wantErr(e, "Incr of 2.75", err, larder.ErrNotNumber)
		ok(e, v.Set(ctx, "e", 1e21))
		said(e, "IncrFloat of an exponent", 1e21)(v.IncrFloat(ctx, "e", 0.5))
	})
}

// TestNotNumbers: what is no number stays as it is.
func TestNotNumbers(t *testing.T) {
	crossed(t, func(e env) {
		v := of[any](e)
		for key, val := range map[string]any{
			"text": "abc", "digits": "5", "null": nil, "true": true, "list": []any{}, "object": map[string]any{}, "point": point{X: 1},
		} {
			ok(e, v.Set(e.Context(), key, val))
			before, err := v.Get(e.Context(), key)
			ok(e, err)
			_, err = v.Incr(e.Context(), key, 1)
			wantErr(e, "Incr of "+key, err, larder.ErrNotNumber)
			_, err = v.DecrFloat(e.Context(), key, 1)
			wantErr(e, "DecrFloat of "+key, err, larder.ErrNotNumber)
			if err != nil && !strings.Contains(err.Error(), key) {
				e.Errorf("the error does not name the key %s: %v", key, err)
			}
			want(e, v, key, before)
		}
		for _, val := range []float64{1.5, 1e300, -0.5} {
			ok(e, v.Set(e.Context(), "float", val))
			_, err := v.Incr(e.Context(), "float", 1)
			wantErr(e, "Incr of a float", err, larder.ErrNotNumber)
		}
	})
}

func TestOverflow(t *testing.T) {
	crossed(t, func(e env) {
		v, ctx := of[int64](e), e.Context()
		ok(e, v.Set(ctx, "max", math.MaxInt64))
		_, err := v.Incr(ctx, "max", 1)
		wantErr(e, "Incr", err, larder.ErrOverflow)
		_, err = v.Decr(ctx, "max", -1)
		wantErr(e, "Decr by -1", err, larder.ErrOverflow)
		_, err = v.Decr(ctx, "absent", math.MinInt64)
		wantErr(e, "Decr by the least integer", err, larder.ErrOverflow)
		want(e, v, "max", math.MaxInt64)
		wantMiss(e, v, "absent")
		said(e, "Incr down to the least integer", int64(-1))(v.Incr(ctx, "max", math.MinInt64))
		f := of[float64](e)
		ok(e, f.Set(ctx, "huge", math.MaxFloat64))
		_, err = f.IncrFloat(ctx, "huge", math.MaxFloat64)
		wantErr(e, "IncrFloat", err, larder.ErrOverflow)
		want(e, f, "huge", math.MaxFloat64)
	})
}

func TestDeltaThatIsNoNumber(t *testing.T) {
	crossed(t, func(e env) {
		v := of[float64](e)
		ok(e, v.Set(e.Context(), "f", 1))
		for _, delta := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			for _, key := range []string{"f", "absent"} {
				_, err := v.IncrFloat(e.Context(), key, delta)
				wantErr(e, "IncrFloat", err, larder.ErrNotNumber)
				_, err = v.DecrFloat(e.Context(), key, delta)
				wantErr(e, "DecrFloat", err, larder.ErrNotNumber)
			}
		}
		want(e, v, "f", 1)
		wantMiss(e, v, "absent")
	})
}

// TestCountersLoseNothing under 64 goroutines.
func TestCountersLoseNothing(t *testing.T) {
	crossed(t, func(e env) {
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for range 10 {
					if _, err := e.c.Incr(e.Context(), "n", 1); err != nil {
						e.Error(err)
					}
				}
			})
		}
		wg.Wait()
		want(e, larder.Of[int](e.c, ""), "n", 640)
	})
}

func TestCountersOfTheCacheAreThoseOfItsViews(t *testing.T) {
	c := openCache(t, "memory://")
	said(t, "Incr", int64(1))(c.Incr(t.Context(), "user:n", 1))
	said(t, "Incr", int64(2))(larder.Of[int](c, "user:").Incr(t.Context(), "n", 1))
	said(t, "Decr", int64(1))(c.Decr(t.Context(), "user:n", 1))
	said(t, "IncrFloat", 1.5)(c.IncrFloat(t.Context(), "user:n", 0.5))
	said(t, "DecrFloat", 1.0)(c.DecrFloat(t.Context(), "user:n", 0.5))
}
