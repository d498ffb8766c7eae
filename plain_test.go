package larder_test

import (
	"encoding/json"

	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/larder-go/larder"
)

type (
	// everything plain in one type.
	plain struct {
		B    bool
		I    int
		I8   int8 `json:"i8,omitempty"`
		U    uint64
		F    float64
		F32  float32 `json:",omitzero"`
		S    string
		Text label
		Q    int    `json:",string"`
		QS   string `json:",string"`
		T    time.Time
		TZ   time.Time `json:"tz,omitzero"`
		A    [2]inner
	}
	inner struct {
		S string `json:"s,omitempty"`
		T time.Time
		F [3]float32
	}
	label string

	embeds    struct{ inner }
	Embedded  struct{ X int }
	embedsToo struct{ Embedded }
	hides     struct{ A, b int }
	skips     struct {
		A int `json:"-"`
	}
	oddTag struct {
		A int `json:"\\"` //nolint:staticcheck // no name at all: that is the case to test
		B int `json:"A"`
	}
	selfText  struct{ A int }
	selfJSON  struct{ A int }
	holdsSelf struct{ A [1]selfText }
	sometimes int
	omitsSome struct {
		A sometimes `json:",omitzero"`
	}
	isPointing struct{ P *int }
)

func (selfText) MarshalText() ([]byte, error)  { return []byte("x"), nil }
func (*selfText) UnmarshalText(_ []byte) error { return nil }
func (*selfJSON) UnmarshalJSON(_ []byte) error { return nil }
func (s *sometimes) IsZero() bool              { return *s == 5 }

var _ = hides{}.b

// TestWhatIsKeptLive: of types that are not plain, every Get makes a new value out of bytes; of plain ones, none does.
func TestWhatIsKeptLive(t *testing.T) {
	live := func(is bool, name string, allocs float64) {
		t.Helper()
		if !raceEnabled && is != (allocs == 0) {
			t.Errorf("%s: a hit makes %v allocations; kept live: want %v", name, allocs, is)
		}
	}
	live(true, "bool", hits[bool](t))
	live(true, "int", hits[int](t))
	live(true, "uint8", hits[uint8](t))
	live(true, "float32", hits[float32](t))
	live(true, "string", hits[string](t))
	live(true, "named string", hits[label](t))
	live(true, "time", hits[time.Time](t))
	live(true, "duration", hits[time.Duration](t))
	live(true, "struct", hits[plain](t))
	live(true, "array", hits[[3]point](t))
	live(false, "slice", hits[[]int](t))
	live(false, "bytes", hits[[]byte](t))
	live(false, "map", hits[map[string]int](t))
	live(false, "pointer", hits[*int](t))
	live(false, "any", hits[any](t))
	live(false, "json.Number", hits[json.Number](t))
	live(false, "struct with a json.Number", hits[struct{ N json.Number }](t))
	live(false, "struct with a pointer", hits[isPointing](t))
	live(false, "embedding", hits[embeds](t))
	live(false, "embedding an exported one", hits[embedsToo](t))
	live(false, "an unexported field", hits[hides](t))
	live(false, "a field that is left out", hits[skips](t))
	live(false, "a name that is none", hits[oddTag](t))
	live(false, "a text marshaller", hits[selfText](t))
	live(false, "a JSON unmarshaller", hits[selfJSON](t))
	live(false, "a marshaller deep inside", hits[holdsSelf](t))
	live(false, "an IsZero of its own", hits[omitsSome](t))
}

// hits returns how many allocations a hit makes.
func hits[V any](t *testing.T) float64 {
	t.Helper()
	v := larder.Of[V](openCache(t, "memory://"), "")
	var zero V
	if _, isNumber := any(zero).(json.Number); !isNumber {
		ok(t, v.Set(t.Context(), "k", zero))
	} else {
		ok(t, v.Set(t.Context(), "k", reflect.ValueOf(json.Number("1")).Interface().(V)))
	}
	return testing.AllocsPerRun(100, func() {
		if _, err := v.Get(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
	})
}

// texts are strings that JSON changes, and others.
func texts() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"", "\xff", "a\xc0\xafb", "\xed\xa0\x80", "<&>\u2028", "\x00", "\ufffd", "😀", "\xf0\x9f\x98", "\"\\",
	}), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
}

var zones = []*time.Location{
	time.UTC, time.Local, time.FixedZone("A", 3600), time.FixedZone("", -5*3600-1800), time.FixedZone("odd", 3217), time.FixedZone("UTC", 0),
}

func times() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.IntRange(0, 4).Draw(t, "now") == 0 {
			return time.Now().In(rapid.SampledFrom(zones).Draw(t, "zone"))
		}
		sec := rapid.Int64Range(-62_135_500_000, 253_402_200_000).Draw(t, "sec")
		return time.Unix(sec, rapid.Int64Range(0, 999_999_999).Draw(t, "nsec")).In(rapid.SampledFrom(zones).Draw(t, "zone"))
	})
}

func inners() *rapid.Generator[inner] {
	return rapid.Custom(func(t *rapid.T) inner {
		return inner{texts().Draw(t, "s"), times().Draw(t, "t"), [3]float32{0, rapid.Float32().Draw(t, "f"), -1}}
	})
}

func plains() *rapid.Generator[plain] {
	return rapid.Custom(func(t *rapid.T) plain {
		p := plain{
			B: rapid.Bool().Draw(t, "b"), I: rapid.Int().Draw(t, "i"), I8: rapid.Int8().Draw(t, "i8"), U: rapid.Uint64().Draw(t, "u"),
			F: rapid.Float64().Draw(t, "f"), F32: rapid.Float32().Draw(t, "f32"), S: texts().Draw(t, "s"), Text: label(texts().Draw(t, "text")),
			Q: rapid.Int().Draw(t, "q"), QS: texts().Draw(t, "qs"), T: times().Draw(t, "t"), A: [2]inner{inners().Draw(t, "a0"), {}},
		}
		if rapid.Bool().Draw(t, "has tz") {
			p.TZ = times().Draw(t, "tz")
		}
		return p
	})
}

// TestLiveEqualsIsolated: nobody can tell from a value whether it was kept as it was or encoded and decoded.
func TestLiveEqualsIsolated(t *testing.T) {
	live := larder.Of[plain](openCache(t, "memory://"), "")
	isolated := larder.Of[plain](openCache(t, "memory://?isolate=true"), "")
	rapid.Check(t, func(rt *rapid.T) {
		in := plains().Draw(rt, "value")
		err1, err2 := live.Set(t.Context(), "k", in), isolated.Set(t.Context(), "k", in)
		if (err1 == nil) != (err2 == nil) {
			rt.Fatalf("Set: live %v, isolated %v", err1, err2)
		}
		if err1 != nil {
			return
		}
		a, err1 := live.Get(t.Context(), "k")
		b, err2 := isolated.Get(t.Context(), "k")
		if err1 != nil || err2 != nil || !reflect.DeepEqual(a, b) {
			rt.Fatalf("Get:\nlive     %#v, %v\nisolated %#v, %v", a, err1, b, err2)
		}
	})
}

// TestSettle: what JSON would change is changed, what it refuses is refused, with the path.
func TestSettle(t *testing.T) {
	for _, url := range []string{"memory://", "memory://?isolate=true"} {
		c := openCache(t, url)
		v := larder.Of[plain](c, "")
		for path, in := range map[string]plain{
			".F":         {F: math.NaN()},
			".F32":       {F32: float32(math.Inf(1))},
			".A[1].F[2]": {A: [2]inner{{}, {F: [3]float32{2: float32(math.NaN())}}}},
		} {
			err := v.Set(t.Context(), "bad", in)
			wantErr(t, path, err, larder.ErrCodec)
			if err != nil && !strings.Contains(err.Error(), path+":") {
				t.Errorf("%s: the path %s is not named: %v", url, path, err)
			}
		}
		wantErr(t, "the year 10000", v.Set(t.Context(), "bad", plain{T: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}), larder.ErrCodec)
		wantErr(t, "NaN", larder.Of[float64](c, "").Set(t.Context(), "bad", math.NaN()), larder.ErrCodec)
		wantMiss(t, v, "bad")
		now := time.Now()
		ok(t, larder.Of[time.Time](c, "").Set(t.Context(), "now", now))
		got, err := larder.Of[time.Time](c, "").Get(t.Context(), "now")
		if err != nil || !got.Equal(now) || strings.Contains(got.String(), "m=") {
			t.Errorf("%s: the time %v comes back as %v, %v", url, now, got, err)
		}
	}
}

// TestRawStringsAreNotSettled: the raw codec takes any bytes.
func TestRawStringsAreNotSettled(t *testing.T) {
	v := larder.Of[string](openCache(t, "memory://?codec=raw"), "")
	ok(t, v.Set(t.Context(), "k", "\xff"))
	want(t, v, "k", "\xff")
	_, err := larder.NewView(openCache(t, "memory://?codec=raw"), "", larder.Policy[int]{})
	wantErr(t, "a view of int with codec raw", err, larder.ErrCodec)
}

// TestNothingMutableIsShared between who sets and who gets.
func TestNothingMutableIsShared(t *testing.T) {
	crossed(t, func(e env) {
		v := of[map[string][]*point](e)
		in := map[string][]*point{"a": {{X: 1}}}
		ok(e, v.Set(e.Context(), "k", in))
		in["a"][0].X, in["b"] = 2, nil
		first, err := v.Get(e.Context(), "k")
		ok(e, err)
		if len(first) != 1 || first["a"][0].X != 1 {
			e.Fatalf("what was set has changed with the original: %v", first)
		}
		first["a"][0].X = 3
		want(e, v, "k", map[string][]*point{"a": {{X: 1}}})
		got, err := v.GetOrSet(e.Context(), "l", larder.Value(in))
		ok(e, err)
		got["a"][0].X = 4
		want(e, v, "l", map[string][]*point{"a": {{X: 2}}, "b": nil})
	})
}

// TestShared: everybody gets the very same value, from memory://.
func TestShared(t *testing.T) {
	c := openCache(t, "memory://")
	v, err := larder.NewView(c, "", larder.Policy[*point]{Shared: true})
	ok(t, err)
	p := &point{X: 1}
	ok(t, v.Set(t.Context(), "k", p))
	for range 2 {
		if got, err := v.Get(t.Context(), "k"); got != p || err != nil {
			t.Errorf("= %p, %v; want %p", got, err, p)
		}
	}
	want(t, larder.Of[point](c, ""), "k", point{X: 1})
	if got, err := larder.Of[*point](c, "").Get(t.Context(), "k"); got == p || err != nil {
		t.Errorf("a view that has promised nothing gets the shared value itself, %v", err)
	}
	wantErr(t, "what no engine would take", mustView(t, c, larder.Policy[any]{Shared: true}).Set(t.Context(), "x", make(chan int)), larder.ErrCodec)
}

func mustView[V any](t *testing.T, c *larder.Cache, p larder.Policy[V]) *larder.View[V] {
	t.Helper()
	v, err := larder.NewView(c, "", p)
	ok(t, err)
	return v
}

func TestClone(t *testing.T) {
	clones := 0
	clone := func(p *point) *point { clones++; c := *p; return &c }
	c := openCache(t, "memory://")
	v := mustView(t, c, larder.Policy[*point]{Clone: clone})
	p := &point{X: 1}
	ok(t, v.Set(t.Context(), "k", p))
	p.X = 2
	got, err := v.Get(t.Context(), "k")
	ok(t, err)
	if got.X != 1 || clones != 2 {
		t.Errorf("= %v after %d clones", got, clones)
	}
	got.X = 3
	want(t, v, "k", &point{X: 1})
	loaded, err := v.GetOrSet(t.Context(), "l", larder.Value(p))
	ok(t, err)
	loaded.X = 9
	want(t, v, "l", &point{X: 2})
	if _, err := larder.NewView(c, "", larder.Policy[*point]{Clone: clone, Shared: true}); err == nil {
		t.Error("both Shared and Clone: no error")
	}
}

func TestWeigh(t *testing.T) {
	c := openCache(t, "memory://?max_bytes=10kb")
	v := mustView(t, c, larder.Policy[string]{Weigh: func(s string) int { return len(s) * 1000 }})
	ok(t, v.Set(t.Context(), "k", "123456789"))
	wantErr(t, "Set of what weighs too much", v.Set(t.Context(), "k", "12345678901"), larder.ErrTooLarge)
	ok(t, larder.Of[string](c, "").Set(t.Context(), "k", "1234567890"))
	ok(t, mustView(t, c, larder.Policy[string]{Weigh: func(string) int { return -5 }}).Set(t.Context(), "l", strings.Repeat("x", 20_000)))
	// Together with the key's this would be more than an int64 holds.
	wantErr(t, "Set of what weighs all there is", mustView(t, c, larder.Policy[string]{Weigh: func(string) int { return math.MaxInt }}).Set(t.Context(), "k", "v"), larder.ErrTooLarge)
	wantErr(t, "Set of a long string", larder.Of[string](c, "").Set(t.Context(), "k", strings.Repeat("x", 20_000)), larder.ErrTooLarge)
	wantErr(t, "Set of a long string inside", larder.Of[[1]inner](c, "").Set(t.Context(), "k", [1]inner{{S: strings.Repeat("x", 20_000)}}), larder.ErrTooLarge)
}

// TestMismatchIsNeverZero: of two plain types, one is never read as the other's zero value.
func TestMismatchIsNeverZero(t *testing.T) {
	c := openCache(t, "memory://")
	ok(t, larder.Of[point](c, "").Set(t.Context(), "p", point{X: 1}))
	ok(t, larder.Of[string](c, "").Set(t.Context(), "s", "text"))
	ok(t, larder.Of[time.Time](c, "").Set(t.Context(), "t", time.Unix(0, 0)))
	for _, key := range []string{"p", "s", "t"} {
		if n, err := larder.Of[int](c, "").Get(t.Context(), key); err == nil {
			t.Errorf("%s as an int = %v", key, n)
		}
		if n, err := larder.Of[[2]int](c, "").Get(t.Context(), key); err == nil {
			t.Errorf("%s as an array = %v", key, n)
		}
	}
	want(t, larder.Of[label](c, ""), "s", "text")
	want(t, larder.Of[string](c, ""), "t", time.Unix(0, 0).Format(time.RFC3339))
	said(t, "Add over a value of another type", false)(larder.Of[int](c, "").Add(t.Context(), "s", 1))
	_, err := c.Incr(t.Context(), "s", 1)
	wantErr(t, "Incr of a live string", err, larder.ErrNotNumber)
	ok(t, larder.Of[int](c, "").Set(t.Context(), "n", 41))
	said(t, "Incr of a live integer", int64(42))(c.Incr(t.Context(), "n", 1))
}

// TestEntriesKeepNothingElseAlive: a part of a large string is copied, alone and in a struct, and so is a key.
func TestEntriesKeepNothingElseAlive(t *testing.T) {
	c := openCache(t, "memory://?layout=bare")
	large := strings.Repeat("x", 1<<20)
	part := large[:10]
	ok(t, larder.Of[string](c, "").Set(t.Context(), part, part))
	got, err := larder.Of[string](c, "").Get(t.Context(), part)
	ok(t, err)
	ok(t, larder.Of[user](c, "u:").Set(t.Context(), "k", user{Name: part}))
	u, err := larder.Of[user](c, "u:").Get(t.Context(), "k")
	ok(t, err)
	for what, s := range map[string]string{"value": got, "field": u.Name} {
		if s != part || unsafe.StringData(s) == unsafe.StringData(part) {
			t.Errorf("the %s is the caller's own string", what)
		}
	}
	for key := range c.Keys(t.Context()) {
		if unsafe.StringData(key) == unsafe.StringData(part) {
			t.Errorf("the key is the caller's own string")
		}
	}
}
