package py

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Decode reads what encoding/json reads as that does.
func TestDecodeAsEncodingJSON(t *testing.T) {
	text, err := json.Marshal(full())
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte(`"Loud":"LOUD",`), nil, 1)
	text = bytes.Replace(text, []byte(`"Ptd":{"n":3},`), []byte(`"ARR": [false, true], "unknown": [1], "i": 5,`), 1)
	var want, got sample
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	v, err := FromJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want.I, got.I = fmt.Sprint(want.I), fmt.Sprint(got.I) // int64 here, float64 there
	want.Raw = []byte(`{"r": [1]}`)                       // the separators are Python's
	if !reflect.DeepEqual(got, want) || string(got.Raw) != string(want.Raw) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

type upper string

func (u *upper) UnmarshalText(text []byte) error {
	if string(text) == "bad" {
		return errors.New("bad text")
	}
	*u = upper(strings.ToUpper(string(text)))
	return nil
}

type reader struct{ text string }

func (r *reader) UnmarshalJSON(text []byte) error {
	r.text = string(text)
	if r.text == `"bad"` {
		return errors.New("bad JSON")
	}
	return nil
}

// into decodes into a new T.
func decodeAs[T any](v Value) (any, error) {
	var dst T
	err := v.Decode(&dst)
	return dst, err
}

type decoder = func(Value) (any, error)

func TestDecode(t *testing.T) {
	at := time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)
	huge := new(big.Int).Lsh(big.NewInt(1), 70)
	tests := []struct {
		v    any
		as   decoder
		want any
	}{
		{42, decodeAs[int], 42},
		{42, decodeAs[int8], int8(42)},
		{42, decodeAs[uint16], uint16(42)},
		{uint64(math.MaxUint64), decodeAs[uint64], uint64(math.MaxUint64)},
		{42, decodeAs[float64], 42.0},
		{huge, decodeAs[float64], 1180591620717411303424.0},
		{huge, decodeAs[json.Number], json.Number("1180591620717411303424")},
		{huge, decodeAs[Decimal], Decimal("1180591620717411303424")},
		{1.5, decodeAs[json.Number], json.Number("1.5")},
		{Decimal("1.10"), decodeAs[json.Number], json.Number("1.10")},
		{math.Inf(1), decodeAs[float64], math.Inf(1)},
		{math.Inf(-1), decodeAs[float32], float32(math.Inf(-1))},
		{true, decodeAs[bool], true},
		{"x", decodeAs[string], "x"},
		{nil, decodeAs[*int], (*int)(nil)},
		{nil, decodeAs[any], nil},
		{nil, decodeAs[[]int], []int(nil)},
		{nil, decodeAs[map[string]int], map[string]int(nil)},
		{nil, decodeAs[json.RawMessage], json.RawMessage("null")},
		{nil, decodeAs[reader], reader{"null"}},
		{List{1, 2}, decodeAs[[]int], []int{1, 2}},
		{Tuple{1, 2}, decodeAs[[2]int], [2]int{1, 2}},
		{Set{int64(1)}, decodeAs[[]any], []any{int64(1)}},
		{List{1, "a"}, decodeAs[List], List{int64(1), "a"}},
		{Tuple{1}, decodeAs[Tuple], Tuple{int64(1)}},
		{map[string]int{"a": 1}, decodeAs[map[string]int], map[string]int{"a": 1}},
		{NewDict(Item{1, "x"}, Item{"-2", "y"}), decodeAs[map[int]string], map[int]string{1: "x", -2: "y"}},
		{NewDict(Item{1, 2}, Item{nil, 3}), decodeAs[map[string]int], map[string]int{"1": 2, "null": 3}},
		{NewDict(Item{1, 2}), decodeAs[map[any]int], map[any]int{int64(1): 2}},
		{NewDict(Item{"a", 2}), decodeAs[map[upper]int], map[upper]int{"A": 2}},
		{leap, decodeAs[time.Time], at},
		{aware(leap, 2*time.Hour, 0), decodeAs[Datetime], aware(leap, 2*time.Hour, 0)},
		{leap.Date, decodeAs[time.Time], time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
		{"2024-02-29T12:34:56Z", decodeAs[time.Time], at},
		{"2024-02-29T00:00:00", decodeAs[Date], leap.Date},
		{"12:34:56.000007", decodeAs[Time], tiny},
		{tiny, decodeAs[Time], tiny},
		{"1.10", decodeAs[Decimal], Decimal("1.10")},
		{Decimal("1.10"), decodeAs[Decimal], Decimal("1.10")},
		{someU, decodeAs[UUID], someU},
		{someU.String(), decodeAs[UUID], someU},
		{someU, decodeAs[string], someU.String()},
		{leap, decodeAs[string], "2024-02-29T12:34:56"},
		{leap.Date, decodeAs[string], "2024-02-29"},
		{tiny, decodeAs[string], "12:34:56.000007"},
		{Decimal("1.10"), decodeAs[string], "1.10"},
		{[]byte("abc"), decodeAs[string], "abc"},
		{[]byte{0xff}, decodeAs[[]byte], []byte{0xff}},
		{[]byte{1, 2}, decodeAs[[2]byte], [2]byte{1, 2}},
		{[]byte{}, decodeAs[[]byte], []byte{}},
		{"x", decodeAs[upper], upper("X")},
		{someU, decodeAs[*upper], ptr(upper(strings.ToUpper(someU.String())))},
		{"10.0.0.1", decodeAs[netip.Addr], netip.MustParseAddr("10.0.0.1")},
		{List{Decimal("1.10"), leap, 1.5}, decodeAs[reader], reader{`["1.10", "2024-02-29T12:34:56", 1.5]`}},
		{map[string]any{"a": Tuple{1}}, decodeAs[json.RawMessage], json.RawMessage(`{"a": [1]}`)},
		{5, decodeAs[***int], ptr(ptr(ptr(5)))},
		{leap, decodeAs[fmt.Stringer], fmt.Stringer(leap)},
		{[]any{1}, decodeAs[[]Value], []Value{{tree: int64(1)}}},
	}
	for _, tt := range tests {
		v, err := Of(tt.v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tt.as(v)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%v: %#v, %v; want %#v", v, got, err, tt.want)
		}
		text, err := v.AppendJSON(nil, Celery56)
		if err != nil || strings.Contains(v.Repr(), "{1") || strings.Contains(fmt.Sprintf("%T", tt.want), "any") {
			continue // what JSON does not carry as it is
		}
		parsed, err := FromJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err = tt.as(parsed)
		switch got.(type) {
		case Tuple, []Value, json.RawMessage: // a list in JSON, or the text
			continue
		}
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %#v, %v; want %#v", text, got, err, tt.want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestDecodeNaN(t *testing.T) {
	v, _ := FromJSON([]byte("NaN"))
	var f float64
	if err := v.Decode(&f); err != nil || !math.IsNaN(f) {
		t.Error(f, err)
	}
}

func TestDecodeBig(t *testing.T) {
	for text, want := range map[string]string{"5": "5", "-1180591620717411303424": "-1180591620717411303424"} {
		v, _ := FromJSON([]byte(text))
		var n big.Int
		var p *big.Int
		if err := v.Decode(&n); err != nil || n.String() != want {
			t.Error(&n, err)
		}
		if err := v.Decode(&p); err != nil || p.String() != want {
			t.Error(p, err)
		}
	}
}

// A value that does not fit is an error, and never the zero value.
func TestDecodeMismatch(t *testing.T) {
	type quoted struct {
		N int `json:",string"`
	}
	type hidden struct{ *inner }
	tests := []struct {
		v  any
		as decoder
		at string
	}{
		{nil, decodeAs[int], "None into int"},
		{nil, decodeAs[string], "None into string"},
		{nil, decodeAs[bool], "None into bool"},
		{nil, decodeAs[struct{}], "None into struct"},
		{nil, decodeAs[time.Time], "NoneType where a datetime"},
		{nil, decodeAs[big.Int], "None into big.Int"},
		{nil, decodeAs[[1]int], "None into [1]int"},
		{nil, decodeAs[netip.Addr], "None into netip.Addr"},
		{"x", decodeAs[int], "str 'x' into int"},
		{1.0, decodeAs[int], "float 1.0 into int"},
		{true, decodeAs[int], "bool True into int"},
		{1, decodeAs[bool], "int 1 into bool"},
		{1, decodeAs[string], "int 1 into string"},
		{300, decodeAs[int8], "int 300 into int8"},
		{300, decodeAs[uint8], "into uint8"},
		{-1, decodeAs[uint], "into uint"},
		{"1", decodeAs[uint], "into uint"},
		{new(big.Int).Lsh(big.NewInt(1), 64), decodeAs[int64], "18446744073709551616 into int64"},
		{new(big.Int).Lsh(big.NewInt(1), 64), decodeAs[uint64], "into uint64"},
		{new(big.Int).Lsh(big.NewInt(1), 2000), decodeAs[float64], "into float64"},
		{1e300, decodeAs[float32], "into float32"},
		{"1.5", decodeAs[float64], "into float64"},
		{1.5, decodeAs[big.Int], "into big.Int"},
		{1.5, decodeAs[Decimal], "into py.Decimal"},
		{"x", decodeAs[Decimal], "not a decimal"},
		{"x", decodeAs[UUID], "not a UUID"},
		{"x", decodeAs[time.Time], "not a date"},
		{"x", decodeAs[Date], "not a date"},
		{5, decodeAs[Date], "int where a date"},
		{"x", decodeAs[Time], "not a time"},
		{"x", decodeAs[json.Number], "into json.Number"},
		{"x", decodeAs[[]byte], "into []uint8"},
		{[]byte{0xff}, decodeAs[string], "into string"},
		{[]byte{1}, decodeAs[[2]byte], "into [2]uint8"},
		{List{1, 2}, decodeAs[[1]int], "list into [1]int"},
		{List{1}, decodeAs[[2]int], "list into [2]int"},
		{List{}, decodeAs[map[string]int], "list into map"},
		{map[string]int{}, decodeAs[[]int], "dict into []int"},
		{List{1}, decodeAs[inner], "list into py.inner"},
		{List{1, "x"}, decodeAs[[]int], "str 'x' into int at [1]"},
		{map[string]any{"P": map[string]any{"X": List{}}}, decodeAs[sample], "list into int at P.X"},
		{map[string]any{"k": map[string]any{"X": "y"}}, decodeAs[map[string]inner], "at ['k'].X"},
		{NewDict(Item{Tuple{1}, 1}), decodeAs[map[string]int], "into string"},
		{NewDict(Item{"x", 1}), decodeAs[map[int]int], "into int"},
		{NewDict(Item{"+1", 1}), decodeAs[map[int]int], "into int"},
		{"bad", decodeAs[upper], "bad text"},
		{1, decodeAs[upper], "int 1 into py.upper"},
		{"bad", decodeAs[reader], "bad JSON"},
		{List{math.NaN()}, decodeAs[reader], "NaN"},
		{List{Set{}}, decodeAs[reader], "set"},
		{1, decodeAs[fmt.Stringer], "int 1 into fmt.Stringer"},
		{1, decodeAs[chan int], "into chan int"},
		{map[string]any{"N": 1}, decodeAs[quoted], "at N"},
		{map[string]any{"N": "x"}, decodeAs[quoted], "at N"},
		{map[string]any{"X": 1}, decodeAs[hidden], "embedded"},
		{strings.Repeat("é", 100), decodeAs[int], "…"},
	}
	for _, tt := range tests {
		v, err := Of(tt.v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tt.as(v)
		if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), tt.at) {
			t.Errorf("%v into %T: %v, %v; want %q", v, got, got, err, tt.at)
		}
	}
	one, _ := Of(1)
	for _, dst := range []any{nil, 5, (*int)(nil), (*Value)(nil), (*any)(nil), (*string)(nil), (*int64)(nil), (*json.RawMessage)(nil)} {
		if err := one.Decode(dst); !errors.Is(err, ErrMismatch) {
			t.Errorf("into %T: %v", dst, err)
		}
	}
}

func TestDecodeKeepsTheText(t *testing.T) {
	v, _ := FromJSON([]byte(`{"a":1.50}`))
	var raw json.RawMessage
	var same Value
	if err := errors.Join(v.Decode(&raw), v.Decode(&same)); err != nil || string(raw) != `{"a":1.50}` || string(same.JSON()) != `{"a":1.50}` {
		t.Errorf("%s, %s, %v", raw, same.JSON(), err)
	}
	of, _ := Of([]any{v})
	var parts []Value
	if err := of.Decode(&parts); err != nil || string(parts[0].JSON()) != `{"a":1.50}` {
		t.Error(parts, err)
	}
}

func TestDecodeQuoted(t *testing.T) {
	var dst struct {
		N int      `json:"n,string"`
		P *float64 `json:"p,string"`
		S string   `json:"s,string"`
	}
	v, _ := FromJSON([]byte(`{"n": "5", "p": "1.5", "s": "\"x\""}`))
	if err := v.Decode(&dst); err != nil || dst.N != 5 || dst.S != "x" {
		t.Errorf("%+v, %v", dst, err)
	}
	of, _ := Of(map[string]any{"n": v})
	if err := of.Decode(&dst); !errors.Is(err, ErrMismatch) {
		t.Error(err)
	}
}

func TestDecodeDicts(t *testing.T) {
	v, _ := FromJSON([]byte(`{"b": 1, "a": [2]}`))
	var p *Dict
	var d Dict
	var e Instance
	if err := errors.Join(v.Decode(&p), v.Decode(&d)); err != nil || p.Len() != 2 || d.Items()[0].Key != "b" {
		t.Error(p, d, err)
	}
	of, _ := Of(&Instance{Module: "m", Name: "E", Args: Tuple{1}})
	if err := of.Decode(&e); err != nil || e.Name != "E" {
		t.Error(e, err)
	}
	var pe *Instance
	if err := of.Decode(&pe); err != nil || pe.Name != "E" {
		t.Error(pe, err)
	}
}
