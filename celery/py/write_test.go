package py

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
)

var (
	leap  = Datetime{Date{2024, 2, 29}, Time{Hour: 12, Minute: 34, Second: 56}}
	tiny  = Time{Hour: 12, Minute: 34, Second: 56, Microsecond: 7}
	someU = UUID{0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78}
)

func aware(d Datetime, offset time.Duration, micro int) Datetime {
	d.Clock.Aware, d.Clock.Offset, d.Clock.Microsecond = true, offset, micro
	return d
}

// The forms of kombu 5.6 and 5.2; an empty one is refused.
func TestWriteJSON(t *testing.T) {
	tests := []struct {
		v        any
		c56, c52 string
		lenient  string // of Value.JSON, where it is not c56
	}{
		{v: leap, c56: `{"__type__": "datetime", "__value__": "2024-02-29T12:34:56"}`, c52: `"2024-02-29T12:34:56"`},
		{v: aware(leap, 0, 123456), c56: `{"__type__": "datetime", "__value__": "2024-02-29T12:34:56.123456+00:00"}`, c52: `"2024-02-29T12:34:56.123456Z"`},
		{v: aware(leap, 2*time.Hour, 0), c56: `{"__type__": "datetime", "__value__": "2024-02-29T12:34:56+02:00"}`, c52: `"2024-02-29T12:34:56+02:00"`},
		{v: aware(leap, -(30*time.Minute + 15*time.Second), 0), c56: `{"__type__": "datetime", "__value__": "2024-02-29T12:34:56-00:30:15"}`, c52: `"2024-02-29T12:34:56-00:30:15"`},
		{v: leap.Date, c56: `{"__type__": "date", "__value__": "2024-02-29"}`, c52: `"2024-02-29T00:00:00"`},
		{v: tiny, c56: `{"__type__": "time", "__value__": "12:34:56.000007"}`, c52: `"12:34:56.000007"`},
		{v: Decimal("1.10"), c56: `{"__type__": "decimal", "__value__": "1.10"}`, c52: `"1.10"`},
		{v: someU, c56: `{"__type__": "uuid", "__value__": {"hex": "12345678123456781234567812345678"}}`, c52: `"12345678-1234-5678-1234-567812345678"`},
		{v: []byte("abc"), c56: `{"__type__": "bytes", "__value__": "abc"}`},
		{v: []byte{}, c56: `{"__type__": "bytes", "__value__": ""}`},
		{v: []byte{0xff, 0, 1}, c56: `{"__type__": "base64", "__value__": "/wAB"}`},
		{v: "x😀y", c56: `"x\ud83d\ude00y"`, c52: `"x\ud83d\ude00y"`},
		{v: "\x00\x1f\x7f\u0080\u2028\"\\\b\f\n\r\t/<>&'", c56: `"\u0000\u001f\u007f\u0080\u2028\"\\\b\f\n\r\t/<>&'"`, c52: `"\u0000\u001f\u007f\u0080\u2028\"\\\b\f\n\r\t/<>&'"`},
		{v: "\xed\xa0\x80\xffa", c56: `"\ud800\ufffda"`, c52: `"\ud800\ufffda"`},
		{v: List{math.NaN(), math.Inf(1), math.Inf(-1), nil, true}, c56: `[NaN, Infinity, -Infinity, null, true]`, c52: `[NaN, Infinity, -Infinity, null, true]`},
		{v: new(big.Int).Lsh(big.NewInt(1), 70), c56: `1180591620717411303424`, c52: `1180591620717411303424`},
		{v: Tuple{1, Tuple{}}, c56: `[1, []]`, c52: `[1, []]`},
		{v: NewDict(Item{1, 2}, Item{1.5, 3}, Item{nil, 4}, Item{true, 5}), c56: `{"1": 5, "1.5": 3, "null": 4}`, c52: `{"1": 5, "1.5": 3, "null": 4}`},
		{v: NewDict(Item{math.Inf(1), 1}), c56: `{"Infinity": 1}`, c52: `{"Infinity": 1}`},
		{v: NewDict(Item{Tuple{1}, 2}), lenient: `{"(1,)": 2}`},
		{v: Set{1}, lenient: `"{1}"`},
		{v: &Instance{Module: "builtins", Name: "ValueError", Args: Tuple{"x", Class{"builtins", "object"}}}, lenient: `{"exc_type": "ValueError", "exc_message": ["x", "<class 'object'>"], "exc_module": "builtins"}`},
	}
	for _, tt := range tests {
		v, err := Of(tt.v)
		if err != nil {
			t.Errorf("%v: %v", tt.v, err)
			continue
		}
		for c, want := range map[Compat]string{Celery56: tt.c56, Celery52: tt.c52} {
			got, err := v.AppendJSON([]byte("+"), c)
			switch {
			case want == "":
				if !errors.Is(err, ErrUnencodable) {
					t.Errorf("%v as %s: %q, %v", v, c, got, err)
				}
			case err != nil || string(got) != "+"+want:
				t.Errorf("%v as %s: %s, %v; want %s", v, c, got, err, want)
			}
		}
		want := tt.lenient
		if want == "" {
			want = tt.c56
		}
		if got := string(v.JSON()); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

func TestWriteTooDeep(t *testing.T) {
	var v any = List{}
	for range 1000 {
		v = List{v}
	}
	if _, err := FromTree(v).AppendJSON(nil, Celery56); !errors.Is(err, ErrUnencodable) {
		t.Error(err)
	}
	if _, err := Of(v); !errors.Is(err, ErrUnencodable) {
		t.Error(err)
	}
	_ = FromTree(v).JSON()
	_ = FromTree(v).Repr()
}

func TestRepr(t *testing.T) {
	tests := []struct {
		v    any
		want string
	}{
		{"it's", `"it's"`},
		{`it's "x"`, `'it\'s "x"'`},
		{"a\\b\n\t\x00\x7f\u00a0é\u200b😀\ue000\U000e0001", `'a\\b\n\t\x00\x7f\xa0é\u200b😀\ue000\U000e0001'`},
		{[]byte("it's\xff\n"), `b"it's\xff\n"`},
		{Tuple{1}, `(1,)`},
		{Tuple{}, `()`},
		{Tuple{1, 2}, `(1, 2)`},
		{Set{}, `set()`},
		{Set{1, "a"}, `{1, 'a'}`},
		{List{nil, true, false}, `[None, True, False]`},
		{NewDict(Item{"a", 1.0}, Item{2, List{}}), `{'a': 1.0, 2: []}`},
		{math.Inf(-1), `-inf`},
		{math.NaN(), `nan`},
		{leap, `datetime.datetime(2024, 2, 29, 12, 34, 56)`},
		{Datetime{Date: leap.Date}, `datetime.datetime(2024, 2, 29, 0, 0)`},
		{aware(leap, 2*time.Hour, 5), `datetime.datetime(2024, 2, 29, 12, 34, 56, 5, tzinfo=datetime.timezone(datetime.timedelta(seconds=7200)))`},
		{aware(leap, -time.Hour, 0), `datetime.datetime(2024, 2, 29, 12, 34, 56, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=82800)))`},
		{tiny, `datetime.time(12, 34, 56, 7)`},
		{leap.Date, `datetime.date(2024, 2, 29)`},
		{Decimal("1.10"), `Decimal('1.10')`},
		{someU, `UUID('12345678-1234-5678-1234-567812345678')`},
		{&Instance{Module: "m", Name: "Outer.Err", Args: Tuple{"x"}}, `Err('x')`},
		{&Instance{Module: "m", Name: "Err", Args: Tuple{"x", Class{"m", "C"}}}, `Err('x', <class 'm.C'>)`},
	}
	for _, tt := range tests {
		v, err := Of(tt.v)
		if err != nil {
			t.Errorf("%v: %v", tt.v, err)
			continue
		}
		if got := v.Repr(); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

func TestParseTimes(t *testing.T) {
	good := map[string]string{
		"2024-02-29T12:34:56.123456+00:00": "2024-02-29T12:34:56.123456+00:00",
		"2024-02-29 12:34:56":              "2024-02-29T12:34:56",
		"2024-02-29":                       "2024-02-29T00:00:00",
		"2024-02-29T12:34":                 "2024-02-29T12:34:00",
		"2024-02-29T12:34:56Z":             "2024-02-29T12:34:56+00:00",
		"2024-02-29T12:34:56.1":            "2024-02-29T12:34:56.100000",
		"2024-02-29T12:34:56.123456789":    "2024-02-29T12:34:56.123456",
		"2024-02-29T12:34:56-0330":         "2024-02-29T12:34:56-03:30",
		"2024-02-29T123456+02:00:30":       "2024-02-29T12:34:56+02:00:30",
		"0001-01-01T00:00:00":              "0001-01-01T00:00:00",
	}
	for text, want := range good {
		if d, err := ParseDatetime(text); err != nil || d.String() != want {
			t.Errorf("%s: %s, %v", text, d, err)
		}
	}
	for _, text := range []string{"", "2024", "2023-02-29", "2024-13-01", "0000-01-01", "2024-02-29x12:34:56", "2024-02-29T", "2024-02-29T24:00:00",
		"2024-02-29T12:60:00", "2024-02-29T12:34:56.", "2024-02-29T12:34:56.1234567890", "2024-02-29T12:34:56+24:00", "2024-02-29T12:34:56+2",
		"2024-02-29T12:34:56ZZ", "2024-02-29T1:34:56", "2024-02-29T12-34-56", "20x4-02-29", "2024-02-29T12:34:56+", "2024-02-29T12:345", "2024-02-29T::::::::"} {
		if d, err := ParseDatetime(text); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: %s, %v", text, d, err)
		}
	}
}

func TestParseOthers(t *testing.T) {
	for _, s := range []string{"1", "-1.10", "+.5", "5.", "1E+3", "1e-3", "NaN", "sNaN12", "-Infinity", "inf", " 1_000 "} {
		if _, err := ParseDecimal(s); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []string{"", ".", "1e", "1e+", "--1", "0x1", "NaNx", "infin", "1.2.3", "e5", "1 2", strings.Repeat("a", 100)} {
		if d, err := ParseDecimal(s); !errors.Is(err, ErrMismatch) {
			t.Errorf("%q is %v", s, d)
		}
	}
	for _, s := range []string{"12345678123456781234567812345678", "{12345678-1234-5678-1234-567812345678}", "urn:uuid:12345678-1234-5678-1234-567812345678"} {
		if u, err := ParseUUID(s); err != nil || u != someU {
			t.Error(u, err)
		}
	}
	for _, s := range []string{"", "1234", "1234567812345678123456781234567g"} {
		if _, err := ParseUUID(s); !errors.Is(err, ErrMismatch) {
			t.Error(s, err)
		}
	}
}

// Text that is parsed as a time is written as one that says the same.
func FuzzDatetime(f *testing.F) {
	f.Add("2024-02-29T12:34:56.123456+00:00")
	f.Add("2024-02-29 12:34:56-0330")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDatetime(s)
		if err != nil {
			return
		}
		if again, err := ParseDatetime(d.String()); err != nil || again != d {
			t.Fatalf("%q is %v, which is %v, %v", s, d, again, err)
		}
	})
}
