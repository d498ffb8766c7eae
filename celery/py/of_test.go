package py

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type inner struct {
	X int
	Y string `json:"why"`
}

type Tagged struct {
	Both int `json:"both"`
	Deep int
}

type Other struct{ Both int }

type inner2 struct {
	Z int `json:"Both"`
}

type inner3 struct{ Both int }

type loud string

func (l loud) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(l))), nil }

type pointed struct{ n int }

func (p *pointed) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]int{"n": p.n}) }

// sample has what encoding/json has rules for.
type sample struct {
	A       int    `json:"a"`
	B       string `json:",omitempty"`
	Skip    int    `json:"-"`
	hidden  int
	Quoted  int64   `json:"quoted,string"`
	QuotedS string  `json:"quoteds,string"`
	QuotedF float64 `json:",string"`
	inner
	*Tagged
	Other
	P       *inner
	M       map[string]int
	IntKeys map[int]string
	Texts   map[netip.Addr]bool
	L       []float64
	Arr     [2]bool
	I       any
	U8      uint8
	F32     float32
	Loud    loud
	Ptd     *pointed
	Addr    netip.Addr
	Raw     json.RawMessage
	Num     json.Number
	Zero    time.Duration `json:"zero,omitzero"`
	Empty   []int         `json:"empty,omitempty"`
	Uni     int           `json:"zażółć"`
}

func full() sample {
	return sample{
		A: 1, B: "b", Skip: 2, hidden: 4, Quoted: 5, QuotedS: "q", QuotedF: 1.5, inner: inner{6, "y"}, Tagged: &Tagged{7, 8}, Other: Other{9},
		P: &inner{10, ""}, M: map[string]int{"z": 1, "a": 2, "é": 3}, IntKeys: map[int]string{10: "x", 9: "y", -1: "z"},
		Texts: map[netip.Addr]bool{netip.MustParseAddr("::1"): true}, L: []float64{1.5, 2.5}, Arr: [2]bool{true, false},
		I: map[string]any{"k": []any{nil, "v"}}, U8: 255, F32: 0.1, Loud: "loud", Ptd: &pointed{3}, Addr: netip.MustParseAddr("10.0.0.1"),
		Raw: json.RawMessage(`{"r":[1]}`), Num: "12.5", Zero: 1, Empty: []int{1}, Uni: 12,
	}
}

// What encoding/json writes of a Go value is what Of makes of it.
func TestOfAsEncodingJSON(t *testing.T) {
	one := 1
	for _, v := range []any{
		full(), &[]sample{full()}[0], sample{Num: "0", QuotedF: 0.5, F32: 0.5}, []any{1, "a", nil, true, 2.5}, map[string]*int{"a": &one, "b": nil}, [3]int{1, 2, 3}, []int(nil), map[string]int(nil),
		(*int)(nil), &one, uint64(math.MaxUint64), int8(-128), float32(3.4e38), float32(1e-7), []inner{{1, "x"}}, struct{}{}, map[loud]int{"k": 1},
		[]*pointed{{1}, nil}, struct{ V pointed }{pointed{2}}, &struct{ V pointed }{pointed{2}}, json.Number("1e3"), []json.RawMessage{[]byte(`"x"`)},
		struct {
			Tagged
			*Other
		}{Tagged: Tagged{1, 2}}, "\xff<>&",
		struct { // two of one name, of which the one with a tag counts
			Other
			inner2
		}{Other{1}, inner2{2}},
		struct { // two of one name: neither counts
			Other
			inner3
		}{Other{1}, inner3{2}},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%T: %v", v, err)
		}
		want, err := FromJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Of(v)
		if err != nil {
			t.Errorf("%T: %v", v, err)
			continue
		}
		if got.Repr() != want.Repr() {
			t.Errorf("%T: %s\nwant %s", v, got, want)
		}
	}
}

func TestOfOwnForms(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	tests := []struct {
		v    any
		want string
	}{
		{time.Date(2024, 2, 29, 12, 34, 56, 123456789, zone), `datetime.datetime(2024, 2, 29, 12, 34, 56, 123456, tzinfo=datetime.timezone(datetime.timedelta(seconds=7200)))`},
		{struct{ T time.Time }{time.Unix(0, 0).UTC()}, `{'T': datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)}`},
		{[]byte("a"), `b'a'`},
		{struct{ B []byte }{[]byte{0xff}}, `{'B': b'\xff'}`},
		{[]byte(nil), `None`},
		{new(big.Int).Lsh(big.NewInt(1), 64), `18446744073709551616`},
		{*big.NewInt(5), `5`},
		{(*big.Int)(nil), `None`},
		{math.NaN(), `nan`},
		{[]float32{float32(math.Inf(1))}, `[inf]`},
		{[]any{Tuple{1}, List{}, NewDict(Item{Tuple{1}, Set{2}})}, `[(1,), [], {(1,): {2}}]`},
		{struct{ D *Dict }{NewDict(Item{"a", 1})}, `{'D': {'a': 1}}`},
		{struct {
			V Value
			D Datetime
		}{D: leap}, `{'V': None, 'D': datetime.datetime(2024, 2, 29, 12, 34, 56)}`},
		{Instance{Module: "m", Name: "E"}, `E()`},
		{(*Dict)(nil), `None`},
		{(*Instance)(nil), `None`},
		{json.RawMessage(nil), `None`},
		{map[string]any{"t": Decimal("1")}, `{'t': Decimal('1')}`},
		{json.RawMessage(`{"__type__": "date", "__value__": "2024-02-29"}`), `{'__type__': 'date', '__value__': '2024-02-29'}`},
	}
	for _, tt := range tests {
		v, err := Of(tt.v)
		if err != nil || v.Repr() != tt.want {
			t.Errorf("%v: %s, %v; want %s", tt.v, v, err, tt.want)
		}
	}
}

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }

type failingText struct{}

func (failingText) MarshalText() ([]byte, error) { return nil, errors.New("no") }

type ring struct {
	Name string
	Next *ring
}

func TestOfRefuses(t *testing.T) {
	loop := &ring{Name: "a"}
	loop.Next = &ring{"b", loop}
	list := []any{nil}
	list[0] = list
	self := map[string]any{}
	self["me"] = self
	tests := []struct {
		name string
		v    any
		at   string
	}{
		{"a channel", map[string]any{"a": []any{1, make(chan int)}}, `chan int has no form in Python at ["a"][1]`},
		{"a function", struct{ F func() }{func() {}}, "at F"},
		{"complex", struct{ In struct{ C complex128 } }{}, "at In.C"},
		{"a struct as a key", map[inner]int{{}: 1}, "a key of type"},
		{"pointers in a ring", loop, "cycle"},
		{"a list in itself", list, "cycle"},
		{"a map in itself", self, "cycle"},
		{"a list as a key", NewDict(Item{List{}, 1}), "unhashable type: list"},
		{"a tuple of a list as a key", NewDict(Item{Tuple{List{}}, 1}), "unhashable"},
		{"a text as a key", NewDict(Item{json.RawMessage(`[1]`), 1}), "unhashable"},
		{"an error", []any{failing{}}, "no at [0]"},
		{"an error of text", []any{failingText{}}, "no at [0]"},
		{"an error of a key", map[failingText]int{{}: 1}, "no"},
		{"a year", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "not a datetime"},
		{"a day", Date{2023, 2, 29}, "not a date"},
		{"an hour", Time{Hour: 24}, "not a time"},
		{"a decimal", List{Decimal("x")}, "not a Decimal"},
		{"text that is no JSON", json.RawMessage(`{`), "malformed json"},
		{"a number that is none", json.Number("x"), "malformed json"},
		{"a channel in a dict", NewDict(Item{"k", make(chan int)}), "at ['k']"},
		{"a channel in an exception", &Instance{Args: Tuple{make(chan int)}}, "at Args[0]"},
		{"a channel in a state", &Instance{State: make(chan int)}, "at State"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Of(tt.v)
			if !errors.Is(err, ErrUnencodable) || !strings.Contains(err.Error(), tt.at) || len(err.Error()) > 400 {
				t.Errorf("%v, %v; want %q", v, err, tt.at)
			}
		})
	}
}

// A value is its own: what it was made of, and what it gave out, may change.
func TestValuesAreTheirOwn(t *testing.T) {
	b, l := []byte("abc"), List{1, 2}
	d := NewDict(Item{"b", b}, Item{"l", l})
	n := new(big.Int).Lsh(big.NewInt(1), 70)
	v, err := Of([]any{b, l, d, n, &Instance{Args: Tuple{b}, State: d}})
	if err != nil {
		t.Fatal(err)
	}
	before := v.Repr()
	b[0], l[0] = 'x', 9
	d.Set("b", 1)
	n.SetInt64(1)
	out, _ := v.Any()
	out.(List)[0].([]byte)[0] = 'y'
	out.(List)[1].(List)[0] = 9
	out.(List)[2].(*Dict).Set("b", 1)
	out.(List)[4].(*Instance).Args[0].([]byte)[0] = 'y'
	var into []any
	if err := v.Decode(&into); err != nil {
		t.Fatal(err)
	}
	into[0].([]byte)[0] = 'z'
	into[2].(*Dict).Set("new", 1)
	if v.Repr() != before {
		t.Errorf("%s became %s", before, v)
	}
}

func TestDictIsPythons(t *testing.T) {
	keys := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Map(rapid.Int64Range(-2, 12), func(n int64) any { return n }),
		rapid.Map(rapid.IntRange(-2, 12), func(n int) any { return float64(n) / 2 }), rapid.Map(rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 3, -1), func(s string) any { return s }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 1), func(b []byte) any { return b }), rapid.Map(rapid.Int64Range(0, 3), func(n int64) any { return Tuple{n, "x"} }),
		rapid.Just[any](Decimal("1")), rapid.Just[any](someU), rapid.Just[any](leap), rapid.Just[any](new(big.Int).Lsh(big.NewInt(1), 70)),
	)
	// same is Python's ==, of the keys above.
	same := func(a, b any) bool {
		num := func(v any) (float64, bool) {
			switch v := v.(type) {
			case bool:
				return map[bool]float64{true: 1}[v], true
			case int64:
				return float64(v), true
			case float64:
				return v, true
			}
			return 0, false
		}
		x, ok1 := num(a)
		y, ok2 := num(b)
		if ok1 && ok2 {
			return x == y
		}
		return reflect.DeepEqual(a, b)
	}
	rapid.Check(t, func(t *rapid.T) {
		var d Dict
		var model []Item
		for range rapid.IntRange(0, 40).Draw(t, "n") {
			key, value := keys.Draw(t, "key"), rapid.Int64().Draw(t, "value")
			d.Set(key, value)
			found := false
			for i := range model {
				if same(model[i].Key, key) {
					model[i].Value, found = value, true
				}
			}
			if !found {
				model = append(model, Item{key, value})
			}
		}
		if !reflect.DeepEqual(append([]Item{}, model...), append([]Item{}, d.Items()...)) || d.Len() != len(model) {
			t.Fatalf("%v\nwant %v", d.Items(), model)
		}
		key := keys.Draw(t, "asked")
		value, ok := d.Get(key)
		for _, it := range model {
			if same(it.Key, key) && (!ok || value != it.Value) {
				t.Fatalf("%v is %v, %v", key, value, ok)
			}
		}
	})
}

func TestDictStopsEarly(t *testing.T) {
	n := 0
	for range NewDict(Item{1, 1}, Item{2, 2}).All() {
		n++
		break
	}
	if n != 1 {
		t.Error(n)
	}
}
