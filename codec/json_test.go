package codec_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/larder-go/larder/codec"
)

type nested struct {
	Name  string `json:"name"`
	Inner struct {
		List []map[string]float64
	}
	Skipped chan int `json:"-"`
	hidden  float64
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	p := reflect.New(reflect.TypeOf(v))
	p.Elem().Set(reflect.ValueOf(v))
	data, err := codec.JSON.Marshal(p.Interface())
	if err != nil {
		t.Fatalf("Marshal(%v): %v", v, err)
	}
	return string(data)
}

func TestJSONIsPlain(t *testing.T) {
	for want, v := range map[string]any{
		`"<a href='x'>&amp;é😀\u2028"`: "<a href='x'>&amp;é😀\u2028",
		`9007199254740993`:            int64(1<<53 + 1),
		`18446744073709551615`:        uint64(math.MaxUint64),
		`{"a":1,"b":[null,true]}`:     map[string]any{"b": []any{nil, true}, "a": 1},
		`""`:                          "",
		`null`:                        []int(nil),
		`"AQI="`:                      []byte{1, 2},
		"\"a\\n\"":                    "a\n",
	} {
		if got := marshal(t, v); got != want {
			t.Errorf("Marshal(%#v) = %s; want %s", v, got, want)
		}
	}
}

func read[V any](data string) (v V, err error) {
	err = codec.JSON.Unmarshal([]byte(data), &v)
	return v, err
}

func wantRead[V any](t *testing.T, data string, want V) {
	t.Helper()
	if got, err := read[V](data); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Unmarshal(%.80s) = %#v, %v; want %#v", data, got, err, want)
	}
}

func refused[V any](t *testing.T, data string) {
	t.Helper()
	if got, err := read[V](data); err == nil {
		t.Errorf("Unmarshal(%.80q) into %T = %#v; want an error", data, got, got)
	}
}

func TestBigNumbersSurvive(t *testing.T) {
	const big = "9007199254740993"
	wantRead[any](t, big, json.Number(big))
	wantRead(t, `{"n": `+big+`}`, map[string]any{"n": json.Number(big)})
	wantRead(t, `[1, 1.0, 1e400]`, []any{json.Number("1"), json.Number("1.0"), json.Number("1e400")})
	wantRead(t, big, int64(1<<53+1))
	wantRead(t, big, json.Number(big))
	wantRead(t, `{"A":`+big+`}`, struct{ A any }{json.Number(big)})
	wantRead(t, `{"A":[`+big+`]}`, struct{ A []*any }{[]*any{new(any(json.Number(big)))}})
}

func TestNotJSON(t *testing.T) {
	for _, data := range []string{
		"", " ", "nul", "'a'", "[1,]", "{,}", "+1", "01", "1.", ".5", "0x10", "1 2", "{} {}", "null]", "[", `{"a"}`, `"` + "\x01" + `"`,
		"\xef\xbb\xbf1", "nan", "inf", "Inf", "infinity", "NAN", "True",
		"-NaN", "+NaN", "1NaN", "NaN1", "NaN.5", "NaNe5", "1.NaN", "1eNaN", "-Infinity5", "1Infinity", "--Infinity", "NaNNaN", "NaN NaN",
		"{NaN:1}", `{"a":NaN,}`, "[NaN", "NaN]", "N", "-I", "-Inf", `{"a" NaN}`, `"a"NaN`, "trueNaN", "NaNtrue", "NaN\"a\"",
	} {
		refused[any](t, data)
		refused[float64](t, data)
		refused[[]any](t, data)
		refused[map[string]float64](t, data)
		refused[json.RawMessage](t, data)
		if codec.Valid([]byte(data)) {
			t.Errorf("Valid(%q)", data)
		}
	}
}

func TestWrongType(t *testing.T) {
	refused[int](t, `"5"`)
	refused[int](t, `1.5`)
	refused[int8](t, `300`)
	refused[string](t, `5`)
	refused[[]int](t, `{}`)
	refused[nested](t, `[]`)
	refused[bool](t, `0`)
}

func TestWritingRefuses(t *testing.T) {
	cycle := map[string]any{}
	cycle["a"] = []any{cycle}
	var in nested
	in.Inner.List = []map[string]float64{{"x": 1}, {"y": math.NaN()}}
	in.hidden = math.NaN()
	for path, v := range map[string]any{
		"the value: NaN":           math.NaN(),
		`.Inner.List[1]["y"]: NaN`: in,
		`["a"][0]: a cycle`:        cycle,
		`[1]: chan int`:            []any{1, make(chan int)},
		`.F: func()`:               struct{ F func() }{func() {}},
		`["k"]: -Inf`:              map[string]float32{"k": float32(math.Inf(-1))},
		`[0][0]: +Inf`:             [1][]float64{{math.Inf(1)}},
		`the value: complex128`:    complex(1, 1),
		`.P.P: a cycle`:            loop(),
	} {
		p := reflect.New(reflect.TypeOf(v))
		p.Elem().Set(reflect.ValueOf(v))
		data, err := codec.JSON.Marshal(p.Interface())
		if err == nil || data != nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Marshal of %T = %s, %v; want the error to name %s", v, data, err, path)
		}
	}
}

type ring struct{ P *ring }

func loop() *ring {
	r := &ring{}
	r.P = &ring{r}
	return r
}
