package interop

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/larder-go/larder"
)

// Each test has a verb on one side, and looks from the other.

func TestSet(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		ok(e, c.Set(e.Context(), "from-go", map[string]any{"a": []any{1, nil, "x"}}))
		py.says(e, `c.get("from-go")`, `{"a": [1, null, "x"]}`)
		py.run(e, `c.set("from-python", {"b": (1, None, "x")})`, nil)
		wantGet(e, c, "from-python", `{"b": [1, null, "x"]}`)

		py.run(e, `c.set("from-go", 2)`, nil) // each replaces the other's
		wantGet(e, c, "from-go", "2")
		ok(e, c.Set(e.Context(), "from-python", 3))
		py.says(e, `c.get("from-python")`, "3")
	})
}

// TestTypes: a Go type on one side is a dict on the other.
func TestTypes(t *testing.T) {
	type order struct {
		ID    int64    `json:"id"`
		Paid  bool     `json:"paid"`
		Price float64  `json:"price"`
		Items []string `json:"items"`
		Note  *string  `json:"note"`
	}
	everywhere(t, func(e env) {
		c, py := e.larder(), e.cache()
		orders := larder.Of[order](c, "order:")
		ok(e, orders.Set(e.Context(), "1", order{ID: 1 << 60, Paid: true, Price: 9.5, Items: []string{"ham", "spam"}}))
		py.says(e, `c.get("order:1")`, `{"id": 1152921504606846976, "paid": true, "price": 9.5, "items": ["ham", "spam"], "note": null}`)
		py.run(e, `c.set("order:2", {"id": 2, "price": 1, "items": [], "note": "n", "new": 0})`, nil)
		got, err := orders.Get(e.Context(), "2")
		if err != nil || got.ID != 2 || got.Price != 1 || got.Note == nil || *got.Note != "n" {
			e.Errorf("Go: Get = %+v, %v", got, err)
		}
		py.run(e, `c.set("order:3", ["no", "dict"])`, nil)
		_, err = orders.Get(e.Context(), "3")
		wantErr(e, "a list where a struct is wanted", err, larder.ErrCodec)
	})
}

// TestTextOfTypes: what JSON has no type for is text.
func TestTextOfTypes(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.larder(), e.cache()
		ok(e, larder.Of[[]byte](c, "").Set(e.Context(), "bytes", []byte{0, 0xff}))
		ok(e, larder.Of[time.Time](c, "").Set(e.Context(), "time", time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC)))
		py.says(e, `c.get_many(["bytes", "time"])`, `{"bytes": "AP8=", "time": "2026-02-03T04:05:06.000007Z"}`)
	})
}

func TestMissing(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		wantMiss(e, c, "k")
		py.says(e, `c.get("k")`, "null")
		py.says(e, `c.get("k", 5)`, "5")
		got, err := c.GetOr(e.Context(), "k", 5)
		said(e, "GetOr", any(5))(got, err)
		said(e, "Has", false)(c.Has(e.Context(), "k"))
		py.run(e, `c.set("k", 1)`, nil)
		said(e, "Has", true)(c.Has(e.Context(), "k"))
	})
}

func TestAdd(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		said(e, "Add", true)(c.Add(e.Context(), "go", "first"))
		py.says(e, `c.add("go", "second")`, "false")
		py.says(e, `c.get("go")`, `"first"`)
		py.says(e, `c.add("python", "first")`, "true")
		said(e, "Add", false)(c.Add(e.Context(), "python", "second"))
		wantGet(e, c, "python", `"first"`)
	})
}

func TestGetOrSet(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		got, err := c.GetOrSet(e.Context(), "go", func(context.Context) (any, error) { return "loaded", nil })
		said(e, "GetOrSet", any("loaded"))(got, err)
		py.says(e, `c.get_or_set("go", "default")`, `"loaded"`)
		py.says(e, `c.get_or_set("python", "default")`, `"default"`)
		got, err = c.GetOrSet(e.Context(), "python", never(e))
		said(e, "GetOrSet", any("default"))(got, err)
		for _, falsy := range []string{`0`, `""`, `[]`, `{}`, `False`} {
			py.run(e, `c.set("falsy", `+falsy+`)`, nil)
			_, err := c.GetOrSet(e.Context(), "falsy", never(e))
			ok(e, err)
		}
	})
}

func never(t testing.TB) func(context.Context) (any, error) {
	return func(context.Context) (any, error) {
		t.Error("the loader runs")
		return nil, errors.New("the loader runs")
	}
}

func TestMany(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		ok(e, c.SetMany(e.Context(), map[string]any{"a": 1, "b": nil}))
		py.says(e, `c.get_many(["a", "b", "absent"])`, `{"a": 1, "b": null, "absent": null}`)
		py.run(e, `c.set_many({"c": 3, "d": None})`, nil)
		e.wantMany(c, `{"a": 1, "b": null, "c": 3, "d": null}`)

		said(e, "DeleteMany", 2)(c.DeleteMany(e.Context(), []string{"a", "c", "absent"}))
		py.says(e, `c.get_many(["a", "c"])`, `{"a": null, "c": null}`)
		py.run(e, `c.delete_many(["b", "absent"])`, nil)
		e.wantMany(c, `{"d": null}`)
	})
}

// wantMany reads a to d, and one that is absent.
func (e env) wantMany(c *larder.View[any], text string) {
	e.Helper()
	got, err := c.GetMany(e.Context(), []string{"a", "b", "c", "d", "absent"})
	if err != nil || !alike(got, parsed(e, text)) {
		e.Errorf("Go: GetMany = %v, %v; want %s", got, err, text)
	}
}

func TestGetOrSetMany(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		py.run(e, `c.set_many({"a": 1, "c": 3})`, nil)
		got, err := c.GetOrSetMany(e.Context(), []string{"a", "b", "c"}, func(_ context.Context, missing []string) (map[string]any, error) {
			if len(missing) != 1 || missing[0] != "b" {
				e.Errorf("loaded: %v", missing)
			}
			return map[string]any{"b": 2}, nil
		})
		if err != nil || len(got) != 3 {
			e.Errorf("Go: GetOrSetMany = %v, %v", got, err)
		}
		py.says(e, `c.get_many(["a", "b", "c"])`, `{"a": 1, "b": 2, "c": 3}`)
	})
}

func TestDelete(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		py.run(e, `c.set_many({"a": 1, "b": 2})`, nil)
		said(e, "Delete", true)(c.Delete(e.Context(), "a"))
		said(e, "Delete", false)(c.Delete(e.Context(), "a"))
		py.says(e, `c.get("a")`, "null")
		py.run(e, `c.delete("b")`, nil)
		wantMiss(e, c, "b")
		if keys := e.keys(); len(keys) != 0 {
			e.Errorf("left: %q", keys)
		}
	})
}

// TestBadValue: what one side cannot read leaves the rest alone here, and fails the whole call there.
func TestBadValue(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		py.run(e, `c.set("good", 1)`, nil)
		e.put("::bad", "no JSON")
		e.db().MustDo(e, "RPUSH", "::list", "x")
		e.db().MustDo(e, "HSET", "::hash", "f", "x")

		got, err := c.GetMany(e.Context(), []string{"good", "bad", "list", "hash"})
		var batch *larder.BatchError
		if !errors.As(err, &batch) || len(batch.Keys) == 0 || batch.Keys["bad"] == nil || !errors.Is(batch.Keys["bad"], larder.ErrCodec) {
			e.Errorf("Go: GetMany: %v", err)
		}
		if !maps.EqualFunc(got, map[string]any{"good": parsed(e, "1")}, alike) {
			e.Errorf("Go: GetMany = %v", got)
		}
		py.raises(e, `c.get_many(["good", "bad"])`, "JSONDecodeError")
		py.raises(e, `c.get("list")`, "WRONGTYPE")
		if _, err := c.Get(e.Context(), "list"); err == nil || errors.Is(err, larder.ErrMiss) {
			e.Errorf("Go: Get of a list: %v", err)
		}
		if n := len(e.keys()); n != 4 {
			e.Errorf("%d keys are left: bad values were deleted", n)
		}
	})
}
