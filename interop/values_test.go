package interop

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/codec"
	"pgregory.net/rapid"
)

// same are values that are the same for both sides, each as JSON and as a Python expression.
var same = []struct{ name, json, python string }{
	{"null", `null`, `None`},
	{"true", `true`, `True`},
	{"empty text", `""`, `""`},
	{"scripts", `"zażółć ﷽ 日本語 עברית e\u0301"`, `"za\u017c\u00f3\u0142\u0107 \ufdfd \u65e5\u672c\u8a9e \u05e2\u05d1\u05e8\u05d9\u05ea e\u0301"`},
	{"emoji", `"👩‍👩‍👧 🏳️‍🌈"`, `"\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308"`},
	{"controls", `"\u0000\u0001\b\t\n\u001f\u007f\u0080\u2028\u2029\ufeff\ufffd"`, `"\x00\x01\b\t\n\x1f\x7f\x80\u2028\u2029\ufeff\ufffd"`},
	{"markup", `"</script>&amp;<!-- \" \\ / '"`, `"</script>&amp;<!-- \" \\ / '"`},
	{"2^53+1", `9007199254740993`, `2**53 + 1`},
	{"int64 max", `9223372036854775807`, `2**63 - 1`},
	{"int64 min", `-9223372036854775808`, `-2**63`},
	{"uint64 max", `18446744073709551615`, `2**64 - 1`},
	{"2^200", `1606938044258990275541962092341162602522202993782792835301376`, `2**200`},
	{"deep", strings.Repeat("[", 200) + strings.Repeat("]", 200), `eval("[" * 200 + "]" * 200)`},
	{"0.1", `0.1`, `0.1`},
	{"a third", `0.3333333333333333`, `1/3`},
	{"1e22", `1e+22`, `1e22`},
	{"smallest", `5e-324`, `5e-324`},
	{"largest", `1.7976931348623157e+308`, `1.7976931348623157e308`},
	{"minus zero", `-0.0`, `-0.0`},
	{"nothing in lists", `[[], {}, [null], {"": null}]`, `[[], {}, [None], {"": None}]`},
	{"keys that look like numbers", `{"1": "one", "1.0": "float", "true": 1, "null": 0}`, `{"1": "one", "1.0": "float", "true": 1, "null": 0}`},
}

func TestValues(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		raw := larder.Of[json.RawMessage](e.larder(), "")
		for _, v := range same {
			ok(e, raw.Set(e.Context(), "go", json.RawMessage(v.json)))
			r := py.try(e, `same(c.get("go"), `+v.python+`)`, nil)
			if r.Repr != "True" {
				e.Errorf("%s: Python does not read what Go has written: %s %s", v.name, r.Repr, r.Exception())
			}
			py.run(e, `c.set("python", `+v.python+`)`, nil)
			wantGet(e, c, "python", v.json)

			value, err := c.Get(e.Context(), "python") // what Go has read, written again
			ok(e, err)
			ok(e, c.Set(e.Context(), "again", value))
			if r := py.try(e, `same(c.get("again"), `+v.python+`)`, nil); r.Repr != "True" {
				e.Errorf("%s: Python does not read what Go has read and written: %s %s", v.name, r.Repr, r.Exception())
			}
		}
	})
}

// TestWholeFloats: Python's 1.0 is a float, Go's float64(1) is written as 1, which is an int to Python. So Go's minus zero, written as -0,
// loses its sign there; Python's, written as -0.0, keeps it here.
func TestWholeFloats(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		floats := larder.Of[float64](e.larder(), "")
		ok(e, floats.Set(e.Context(), "go", 1))
		e.wantStored("::go", "1")
		py.says(e, `c.get("go")`, "1")
		ok(e, floats.Set(e.Context(), "zero", math.Copysign(0, -1)))
		py.says(e, `c.get("zero")`, "0")
		py.run(e, `c.set("zero", -0.0)`, nil)
		if zero, err := floats.Get(e.Context(), "zero"); err != nil || !math.Signbit(zero) {
			e.Errorf("Go: %v, %v", zero, err)
		}

		py.run(e, `c.set("python", 1.0)`, nil)
		e.wantStored("::python", "1.0")
		wantGet(e, c, "python", "1.0")
		_, err := larder.Of[int](e.larder(), "").Get(e.Context(), "python")
		wantErr(e, "1.0 as an int", err, larder.ErrCodec)
	})
}

// TestNaN: Python writes what is not JSON, Go reads it as a float, and never writes it.
func TestNaN(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.larder(), e.cache()
		py.run(e, `c.set_many({"nan": nan, "inf": inf, "neg": -inf, "in": {"x": [1, nan]}})`, nil)
		e.wantStored("::nan", "NaN")
		floats := larder.Of[float64](c, "")
		got, err := floats.GetMany(e.Context(), []string{"nan", "inf", "neg"})
		if err != nil || !math.IsNaN(got["nan"]) || !math.IsInf(got["inf"], 1) || !math.IsInf(got["neg"], -1) {
			e.Errorf("Go: %v, %v", got, err)
		}
		in, err := larder.Of[struct{ X []float64 }](c, "").Get(e.Context(), "in")
		if err != nil || len(in.X) != 2 || !math.IsNaN(in.X[1]) {
			e.Errorf("Go: %v, %v", in, err)
		}
		raw, err := larder.Of[json.RawMessage](c, "").Get(e.Context(), "in")
		if err != nil || string(raw) != `{"x": [1, NaN]}` {
			e.Errorf("Go: %s, %v", raw, err)
		}
		for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			wantErr(e, "Set", floats.Set(e.Context(), "nan", f), larder.ErrCodec)
		}
		err = larder.Of[any](c, "").Set(e.Context(), "in", map[string]any{"x": []any{1, math.NaN()}})
		if wantErr(e, "Set", err, larder.ErrCodec); err != nil && !strings.Contains(err.Error(), "x") {
			e.Errorf("the path is not named: %v", err)
		}
		e.wantStored("::nan", "NaN")
	})
}

// TestSurrogates: half an emoji is nothing that Go has text for. The bytes keep it.
func TestSurrogates(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		py.run(e, `c.set("k", "a\ud800b")`, nil)
		wantGet(e, c, "k", `"a\ufffdb"`)
		raw := larder.Of[json.RawMessage](e.larder(), "")
		text, err := raw.Get(e.Context(), "k")
		ok(e, err)
		ok(e, raw.Set(e.Context(), "copy", text))
		py.says(e, `c.get("copy")`, `"a\ud800b"`)
	})
}

func TestLarge(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.larder(), e.cache()
		texts := larder.Of[string](c, "")
		ok(e, texts.Set(e.Context(), "go", strings.Repeat("ü", 2<<20)))
		py.says(e, `length(c.get("go"))`, "2097152")
		py.run(e, `c.set("python", "ü" * 2**21)`, nil)
		got, err := texts.Get(e.Context(), "python")
		if err != nil || got != strings.Repeat("ü", 2<<20) {
			e.Errorf("Go: %d bytes, %v", len(got), err)
		}
		many := make(map[string]int, 10000)
		for i := range 10000 {
			many["key-"+strconv.Itoa(i)] = i
		}
		ok(e, larder.Of[map[string]int](c, "").Set(e.Context(), "many", many))
		py.says(e, `length(c.get("many"))`, "10000")
	})
}

// TestRawBytes: bytes that are no JSON pass unchanged between Go's raw codec and redis-py; async-caches raises.
func TestRawBytes(t *testing.T) {
	everywhere(t, func(e env) {
		r := e.py.raw(e, e.url())
		blobs := larder.Of[[]byte](e.open(e.url("layout=bare", "codec=raw")), "")
		data := bytes.Repeat([]byte{0, 0xff, 0x80, '\r', '\n'}, 1000)
		ok(e, blobs.Set(e.Context(), "::k", data))
		if got := r.run(e, `r.get("::k")`, nil); !bytes.Equal(got.Bytes, data) {
			e.Errorf("redis-py: %d bytes", len(got.Bytes))
		}
		r.run(e, `r.set("::p", b"\x00\xff\r\n")`, nil)
		if got, err := blobs.Get(e.Context(), "::p"); err != nil || string(got) != "\x00\xff\r\n" {
			e.Errorf("Go: %q, %v", got, err)
		}
		e.cache().raises(e, `c.get("p")`, "Error")
	})
}

// TestCompressed: a codec that is not JSON is nothing for async-caches.
func TestCompressed(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both("codec=json%2bzstd")
		ok(e, c.Set(e.Context(), "k", strings.Repeat("a", 10000)))
		if r := py.try(e, `c.get("k")`, nil); r.Raises == "" {
			e.Errorf("Python reads %.60s", r.Repr)
		}
		py.run(e, `c.set("plain", "text")`, nil) // what an older program has left
		if got, err := c.Get(e.Context(), "plain"); err == nil && got != "text" {
			e.Errorf("Go: %v", got)
		}
	})
}

// TestRandomValues sends values of any shape there and back.
func TestRandomValues(t *testing.T) {
	everywhere(t, func(e env) {
		c, py := e.both()
		rapid.Check(e.T, func(rt *rapid.T) {
			value := anything(3).Draw(rt, "value")
			ok(e, c.Set(e.Context(), "there", value))
			py.run(e, `move(c, "there", "back")`, nil)
			got, err := c.Get(e.Context(), "back")
			if want := normal(e, value); err != nil || !alike(got, want) {
				rt.Fatalf("%#v came back as %#v, %v", want, got, err)
			}
		})
	})
}

// anything are JSON values, nested so deep.
func anything(depth int) *rapid.Generator[any] {
	choices := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Int64().AsAny(), rapid.Uint64().AsAny(),
		rapid.Float64().Filter(func(f float64) bool { return f != 0 && !math.IsInf(f, 0) && !math.IsNaN(f) }).AsAny(),
	}
	if depth > 0 {
		choices = append(choices, rapid.SliceOfN(anything(depth-1), 0, 4).AsAny(), rapid.MapOfN(rapid.String(), anything(depth-1), 0, 4).AsAny())
	}
	return rapid.OneOf(choices...)
}

// normal is a value as a view of any would read it.
func normal(t testing.TB, value any) (read any) {
	t.Helper()
	text, err := codec.JSON.Marshal(&value)
	ok(t, err)
	ok(t, codec.JSON.Unmarshal(text, &read))
	return read
}
