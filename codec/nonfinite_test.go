package codec_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/larder-go/larder/codec"
)

// show prints a value so that NaN equals NaN.
func show(v any) string { return fmt.Sprintf("%#v", v) }

func wantNaN[V any](t *testing.T, data string, want V) {
	t.Helper()
	if got, err := read[V](data); err != nil || show(got) != show(want) {
		t.Errorf("Unmarshal(%.80s) = %s, %v; want %s", data, show(got), err, show(want))
	}
}

var nan, inf, ninf = math.NaN(), math.Inf(1), math.Inf(-1)

// celsius decodes itself as the default rules would.
type celsius float64

func (c *celsius) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, (*float64)(c)) }

// doubled decodes itself into something else.
type doubled struct{ n float64 }

func (d *doubled) UnmarshalJSON(data []byte) error {
	err := json.Unmarshal(data, &d.n)
	d.n *= 2
	return err
}

func TestNonFiniteIsRead(t *testing.T) {
	wantNaN(t, "NaN", nan)
	wantNaN(t, " -Infinity\n", ninf)
	wantNaN(t, "Infinity", float32(inf))
	wantNaN[any](t, "NaN", nan)
	wantNaN(t, "[NaN, 1, -Infinity,Infinity]", []float64{nan, 1, ninf, inf})
	wantNaN(t, "[NaN,NaN]", [3]float64{nan, nan, 0})
	wantNaN(t, "[1,2,NaN]", [2]float64{1, 2})
	wantNaN(t, `{"a":NaN,"b":"NaN Infinity \" -Infinity"}`, map[string]any{"a": nan, "b": `NaN Infinity " -Infinity`})
	wantNaN(t, `{"a":[{"b":[NaN]}]}`, map[string][]map[string][]float64{"a": {{"b": {nan}}}})
	wantNaN(t, `{"1":NaN,"2":2}`, map[int]float64{1: nan, 2: 2})
	wantNaN(t, `{"f":NaN,"F":1}`, map[string]float64{"f": nan, "F": 1})
	wantNaN(t, `{"x":NaN,"other":[NaN]}`, struct{ X float64 }{nan})
	wantNaN(t, `{"a":{"X":Infinity}}`, struct {
		Renamed struct{ X float64 } `json:"a"`
	}{struct{ X float64 }{inf}})
	wantNaN(t, `[[NaN],{"a":NaN},9007199254740993]`, []any{[]any{nan}, map[string]any{"a": nan}, json.Number("9007199254740993")})
	wantNaN(t, `NaN`, celsius(nan))
	if p, err := read[*float64]("NaN"); err != nil || p == nil || !math.IsNaN(*p) {
		t.Errorf("NaN into a pointer = %v, %v", p, err)
	}
	if p, err := read[[]*struct{ F *float32 }](`[{"F":-Infinity}]`); err != nil || !math.IsInf(float64(*p[0].F), -1) {
		t.Errorf("-Infinity behind pointers = %v, %v", p, err)
	}
}

// TestNonFiniteAndDuplicates: the last member of a name counts, whatever it is.
func TestNonFiniteAndDuplicates(t *testing.T) {
	wantNaN(t, `{"a":NaN,"a":1}`, map[string]float64{"a": 1})
	wantNaN(t, `{"a":1,"a":NaN}`, map[string]float64{"a": nan})
	wantNaN(t, `{"a":NaN,"a":-Infinity}`, map[string]any{"a": ninf})
	wantNaN(t, `{"a":[NaN],"a":[1]}`, map[string]any{"a": []any{json.Number("1")}})
	wantNaN(t, `{"a":NaN,"a":"x"}`, map[string]any{"a": "x"})
	wantNaN(t, `{"a":NaN,"A":1}`, struct{ A float64 }{1})
}

// TestNonFiniteInOddNames: two paths that look alike are two.
func TestNonFiniteInOddNames(t *testing.T) {
	wantNaN(t, `{"a.b":NaN,"a":{"b":NaN}}`, map[string]any{"a.b": nan, "a": map[string]any{"b": nan}})
	wantNaN(t, `{"a[0]":NaN,"a":[NaN]}`, map[string]any{"a[0]": nan, "a": []any{nan}})
	wantNaN(t, `{"\u0061":NaN,"":NaN}`, map[string]float64{"a": nan, "": nan})
}

func TestNonFiniteThatDoesNotFit(t *testing.T) {
	refused[int](t, "NaN")
	refused[string](t, "NaN")
	refused[bool](t, "Infinity")
	refused[json.Number](t, "NaN")
	refused[[]int](t, "[1,NaN]")
	refused[map[string]int](t, `{"a":NaN}`)
	refused[struct{ A string }](t, `{"A":NaN}`)
	refused[doubled](t, "NaN")
	refused[[]doubled](t, "[1,NaN]")
	refused[[]float64](t, "NaN")
	if _, err := read[[]int]("[1,NaN]"); err != nil && !strings.Contains(err.Error(), "NaN") {
		t.Errorf("the error does not say what does not fit: %v", err)
	}
}

func TestRawKeepsNonFinite(t *testing.T) {
	const data = ` {"a": [NaN, "NaN", -Infinity]} `
	wantRead(t, data, json.RawMessage(data))
	wantRead(t, `{"R":[NaN, 1.50, "Infinity"],"N":1}`, struct {
		R json.RawMessage
		N int
	}{json.RawMessage(`[NaN, 1.50, "Infinity"]`), 1})
	if !codec.Valid([]byte(data)) {
		t.Error("Valid refuses what Python writes")
	}
}

// TestNonFiniteBomb: what a megabyte of foreign data costs stays in proportion.
func TestNonFiniteBomb(t *testing.T) {
	depth, many := 9000, 100_000
	data := strings.Repeat("[", depth) + strings.Repeat("NaN,", many) + "NaN" + strings.Repeat("]", depth)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := read[any](data); err != nil {
		t.Error(err)
	}
	refused[[]int](t, data)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 500<<20 {
		t.Errorf("%d MiB for %d bytes", used>>20, len(data))
	}
}

// TestNothingIsLeftOfAFailure: what a first attempt has read is not in the result of the second.
func TestNothingIsLeftOfAFailure(t *testing.T) {
	v := map[string]any{"old": 1}
	if err := codec.JSON.Unmarshal([]byte(`{"a":NaN}`), &v); err != nil || reflect.DeepEqual(v["old"], 1) {
		t.Errorf("= %v, %v", v, err)
	}
}
