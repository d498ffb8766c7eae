package py

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
)

func TestFromJSONRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		offset     int
		what       string
	}{
		{"nothing", "", 0, "a value is missing"},
		{"space", " \n", 2, "a value is missing"},
		{"cut off in an object", `{"a": 1`, 7, "is open"},
		{"cut off in a list", `[1, 2`, 5, "is open"},
		{"cut off in a string", `{"a": "x`, 8, "within a string"},
		{"cut off in a key", `{"a`, 3, "within a string"},
		{"cut off after a comma", `[1, `, 4, "a value is missing"},
		{"cut off in a word", `[nul`, 1, "not null"},
		{"a byte order mark", "\ufeff{}", 0, "byte order mark"},
		{"not UTF-8", "[\"a\xffb\"]", 3, "not UTF-8"},
		{"half a pair in bytes", "\"\xed\xa0\x80\"", 1, "not UTF-8"},
		{"overlong", "\"\xc0\x80\"", 1, "not UTF-8"},
		{"two values", `1 2`, 2, "more after"},
		{"a trailing comma", `[1,]`, 3, "a value is missing"},
		{"a comma in an object", `{"a":1,}`, 7, "the name of an item"},
		{"no colon", `{"a" 1}`, 5, "a colon"},
		{"no name", `{1: 2}`, 1, "the name of an item"},
		{"a leading zero", `[01]`, 2, "a comma or"},
		{"a bare minus", `-`, 1, "without digits"},
		{"a plus", `+1`, 0, "a value is missing"},
		{"a bare point", `1.`, 1, "more after"},
		{"a bare exponent", `1e+`, 1, "more after"},
		{"an escape", `"\x41"`, 1, "an escape"},
		{"a short escape", `"\u12"`, 1, "an escape"},
		{"an escape of no digits", `"\u12g4"`, 1, "an escape"},
		{"a newline in a string", "\"a\nb\"", 2, "control character"},
		{"single quotes", `'a'`, 0, "a value is missing"},
		{"a word", `nan`, 0, "not null"},
		{"minus NaN", `-NaN`, 1, "without digits"},
		{"a comment", `[1 /*x*/]`, 3, "a comma or"},
		{"an unknown type", `[1, {"__type__": "x", "__value__": 1}]`, 4, "'x' is none"},
		{"a type that is no str", `{"__type__": 1, "__value__": 1}`, 0, "1 is none"},
		{"an unknown type with escapes", `[{"\u005f_type__": "x", "__value__": 1}]`, 1, "'x' is none"},
		{"a bad datetime", `{"__type__": "datetime", "__value__": "soon"}`, 0, "not a date"},
		{"a bad uuid", `{"__type__": "uuid", "__value__": {"hex": "12"}}`, 0, "not a UUID"},
		{"a bad decimal", `{"__type__": "decimal", "__value__": "1,5"}`, 0, "not a decimal"},
		{"bad base64", `{"__type__": "base64", "__value__": "*"}`, 0, "illegal base64"},
		{"a date of a number", `{"__type__": "date", "__value__": 5}`, 0, "int where"},
		{"too deep", strings.Repeat("[", 1001) + strings.Repeat("]", 1001), 1000, "nested"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := FromJSON([]byte(tt.text))
			var m *MalformedError
			if !errors.As(err, &m) || !errors.Is(err, ErrMalformed) {
				t.Fatalf("%v, %v", v, err)
			}
			if m.Offset != tt.offset || !strings.Contains(m.What, tt.what) || m.Format != "json" {
				t.Errorf("%v; want %q at %d", err, tt.what, tt.offset)
			}
			if _, err := readAll([]byte(`{"f": `+tt.text+`}`), Celery56); !errors.Is(err, ErrMalformed) {
				t.Errorf("as a field: %v", err)
			}
		})
	}
}

// What Python's json.loads makes of a text, by its repr.
func TestFromJSONReads(t *testing.T) {
	tests := []struct{ text, want string }{
		{`null`, `None`},
		{" true\r\n\t", `True`},
		{`-0`, `0`},
		{`-0.0`, `-0.0`},
		{`9223372036854775807`, `9223372036854775807`},
		{`9223372036854775808`, `9223372036854775808`},
		{`-1180591620717411303424`, `-1180591620717411303424`},
		{`1E5`, `100000.0`},
		{`1e400`, `inf`},
		{`-1e400`, `-inf`},
		{`[NaN, Infinity, -Infinity]`, `[nan, inf, -inf]`},
		{`"\ud83d\ude00"`, `'😀'`},
		{`"\ude00\ud83d"`, `'\ude00\ud83d'`},
		{`"\ud83dx"`, `'\ud83dx'`},
		{`"\ud83d\u0041"`, `'\ud83dA'`},
		{`"\"\\\/\b\f\n\r\t\u0000"`, `'"\\/\x08\x0c\n\r\t\x00'`},
		{`{"a": 1, "b": 2, "a": 3}`, `{'a': 3, 'b': 2}`},
		{`{"\u0061": 1, "a": 3}`, `{'a': 3}`},
		{`{}`, `{}`},
		{`[ ]`, `[]`},
		{`{"__type__": "date", "__value__": "2024-02-29"}`, `datetime.date(2024, 2, 29)`},
		{`{"__value__": "2024-02-29", "__type__": "date"}`, `datetime.date(2024, 2, 29)`},
		{`{"__type__": "date", "__value__": "x", "more": 1}`, `{'__type__': 'date', '__value__': 'x', 'more': 1}`},
		{`{"__type__": "datetime", "__value__": "2024-02-29T12:34:56"}`, `datetime.datetime(2024, 2, 29, 12, 34, 56)`},
		{`{"__type__": "datetime", "__value__": "2024-02-29T12:34:56.5Z"}`, `datetime.datetime(2024, 2, 29, 12, 34, 56, 500000, tzinfo=datetime.timezone.utc)`},
		{`{"__type__": "time", "__value__": "12:34"}`, `datetime.time(12, 34)`},
		{`{"__type__": "bytes", "__value__": "a'b"}`, `b"a'b"`},
		{`{"__type__": "base64", "__value__": "/wAB"}`, `b'\xff\x00\x01'`},
		{`{"__type__": "decimal", "__value__": "1.10"}`, `Decimal('1.10')`},
		{`{"__type__": "uuid", "__value__": {"hex": "12345678123456781234567812345678"}}`, `UUID('12345678-1234-5678-1234-567812345678')`},
		{`[{"__type__": "time", "__value__": "00:00:00"}]`, `[datetime.time(0, 0)]`},
	}
	for _, tt := range tests {
		v, err := FromJSON([]byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := v.Repr(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.text, got, tt.want)
		}
		if got := string(v.JSON()); got != strings.Trim(tt.text, " \t\r\n") {
			t.Errorf("%s: the text became %s", tt.text, got)
		}
	}
}

func TestCelery52KnowsNoTypes(t *testing.T) {
	for _, text := range []string{`{"__type__": "date", "__value__": "2024-02-29"}`, `{"__type__": "x", "__value__": 1}`} {
		v, err := FromJSONAs([]byte(text), Celery52)
		if err != nil {
			t.Fatal(err)
		}
		if node, err := v.Any(); err != nil || node.(*Dict).Len() != 2 {
			t.Errorf("%v, %v", node, err)
		}
	}
	if Celery52.String() != "5.2" || Celery56.String() != "5.6" || Compat(0) != Celery56 {
		t.Error("the names of the Celeries")
	}
}

func TestIntsAreBounded(t *testing.T) {
	for n, ok := range map[int]bool{4300: true, 4302: false} {
		v, err := FromJSON([]byte(strings.Repeat("9", n)))
		if err != nil {
			t.Fatal(err)
		}
		var big big.Int
		if err := v.Decode(&big); (err == nil) != ok {
			t.Errorf("%d digits: %v", n, err)
		}
		if len(v.JSON()) != n || len(v.Repr()) != n {
			t.Error("the digits are gone")
		}
	}
}

func TestFieldsKeepTheText(t *testing.T) {
	fields, err := readAll([]byte(` {"b": 1.10, "a" :[1,2] , "b": {"x":  null}, "\u00e9": "\u00e9"} `), Celery56)
	if err != nil {
		t.Fatal(err)
	}
	want := Fields{{"b", fields[0].Value}, {"a", fields[1].Value}, {"é", fields[2].Value}}
	for i, text := range []string{`{"x":  null}`, `[1,2]`, `"\u00e9"`} {
		if len(fields) != 3 || fields[i].Name != want[i].Name || string(fields[i].Value.JSON()) != text {
			t.Errorf("%v", fields)
		}
	}
	if _, ok := fields.Get("none"); ok {
		t.Error("a field that is not there")
	}
	items, err := fields[1].Value.Items()
	if err != nil || len(items) != 2 || string(items[1].JSON()) != "2" {
		t.Errorf("%v, %v", items, err)
	}
	for _, text := range []string{`[]`, `null`, `1`, `"x"`, `1.5`, `true`} {
		if _, err := readAll([]byte(text), Celery56); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s has fields: %v", text, err)
		}
		v, _ := FromJSON([]byte(text))
		if _, err := v.Fields(); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s has fields: %v", text, err)
		}
	}
	v, _ := FromJSON([]byte(`{"a": 1}`))
	if _, err := v.Items(); !errors.Is(err, ErrMismatch) {
		t.Errorf("a dict has items: %v", err)
	}
}

func TestPartsOfTrees(t *testing.T) {
	v, err := Of(NewDict(Item{"a", List{1, Tuple{2}}}, Item{"b", Set{int64(3)}}))
	if err != nil {
		t.Fatal(err)
	}
	fields, err := v.Fields()
	if err != nil || len(fields) != 2 {
		t.Fatal(fields, err)
	}
	items, err := fields[0].Value.Items()
	if err != nil || len(items) != 2 || items[1].Repr() != "(2,)" {
		t.Error(items, err)
	}
	if items, err = fields[1].Value.Items(); err != nil || len(items) != 1 {
		t.Error(items, err)
	}
	if _, err := items[0].Items(); !errors.Is(err, ErrMismatch) {
		t.Error(err)
	}
	odd, _ := Of(NewDict(Item{1, 2}))
	if _, err := odd.Fields(); !errors.Is(err, ErrMismatch) {
		t.Error(err)
	}
}

// Text that came from JSON stays as it is also within a tree, and where it is stored again.
func TestTextStaysWithinTrees(t *testing.T) {
	inner, err := FromJSON([]byte(`{"z":1.50,  "a":[ ]}`))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Of(List{1, inner, map[string]any{"k": inner}})
	if err != nil {
		t.Fatal(err)
	}
	want := `[1, {"z":1.50,  "a":[ ]}, {"k": {"z":1.50,  "a":[ ]}}]`
	if got := string(v.JSON()); got != want {
		t.Error(got)
	}
	if got := v.Repr(); got != `[1, {'z': 1.5, 'a': []}, {'k': {'z': 1.5, 'a': []}}]` {
		t.Error(got)
	}
	if node, err := v.Any(); err != nil || node.(List)[1].(*Dict).Len() != 2 {
		t.Error(node, err)
	}
}

func TestZeroValueIsNone(t *testing.T) {
	var v Value
	text, _ := FromJSON([]byte("null"))
	for _, v := range []Value{v, text} {
		if node, err := v.Any(); !v.IsNone() || node != nil || err != nil || string(v.JSON()) != "null" || v.String() != "None" {
			t.Error("it is not None")
		}
	}
	if one, _ := Of(1); one.IsNone() {
		t.Error("1 is None")
	}
}

func TestFloatsAsPython(t *testing.T) {
	tests := map[float64]string{
		0: "0.0", math.Copysign(0, -1): "-0.0", 1: "1.0", 0.1: "0.1", -2.5: "-2.5", 1e15: "1000000000000000.0", 1e16: "1e+16",
		123456789012345680: "1.2345678901234568e+17", 1e22: "1e+22", 0.0001: "0.0001", 0.00001: "1e-05", 1e-7: "1e-07",
		5e-324: "5e-324", math.MaxFloat64: "1.7976931348623157e+308", 9007199254740993: "9007199254740992.0", 1e100: "1e+100",
	}
	for f, want := range tests {
		v, _ := Of(f)
		if got := string(v.JSON()); got != want || v.Repr() != want {
			t.Errorf("%g: %s", f, got)
		}
	}
}

// What encoding/json reads is read, and the other way round but for what Python knows besides.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2.5e3, "\u00e9\ud800", null, true]}`, `{"__type__": "uuid", "__value__": {"hex": "00"}}`, `[NaN, -Infinity]`,
		`{"__type__": "bytes", "__value__": "x"}`, "[\"\xff\"]", `{"a":1,"a":2}`, `-0.0e-0`, `"\\\"\/"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		sameVerdict(t, string(text))
		v, err := FromJSONAs(text, Celery52)
		if err != nil {
			var m *MalformedError
			if !errors.As(err, &m) || m.Offset < 0 || m.Offset > len(text) {
				t.Fatalf("%v", err)
			}
			if json.Valid(text) && !strings.Contains(m.What, "nested") && !strings.Contains(m.What, "UTF-8") {
				t.Fatalf("%q is JSON: %v", text, err)
			}
			return
		}
		if !json.Valid(text) && !strings.Contains(string(text), "NaN") && !strings.Contains(string(text), "Infinity") {
			t.Fatalf("%q is not JSON", text)
		}
		node, err := v.Any()
		if err != nil {
			if !strings.Contains(err.Error(), "digits") {
				t.Fatal(err)
			}
			return
		}
		again, err := Of(node)
		if err != nil {
			t.Fatal(err)
		}
		written := again.JSON()
		twice, err := FromJSONAs(written, Celery52)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, written, err)
		}
		if twice.Repr() != v.Repr() {
			t.Fatalf("%q is %s, and %s once written", text, v.Repr(), twice.Repr())
		}
		var dst any
		if err := v.Decode(&dst); err != nil {
			t.Fatal(err)
		}
		_, _ = FromJSON(text)
		fields, err := readAll(text, Celery52)
		if d, ok := node.(*Dict); ok != (err == nil) || (ok && d.Len() != len(fields)) {
			t.Fatalf("%d fields, %v", len(fields), err)
		}
	})
}
