package larder_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/codec"
	"github.com/larder-go/larder/driver"
)

// vector is what async-caches has left in Redis; see testdata/README.md.
type vector struct {
	Case    string
	Key     []byte `json:"key_base64"`
	Value   []byte `json:"value_base64"`
	TTL     *int
	Decoded any
	Returns *string
	Raises  *string
}

func vectors(t *testing.T, file string) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	ok(t, err)
	var all []vector
	ok(t, codec.JSON.Unmarshal(data, &all))
	return all
}

// stored are the cases that left something.
func stored(t *testing.T) (left []vector) {
	for _, v := range vectors(t, "async_caches.json") {
		if v.Value != nil {
			left = append(left, v)
		}
	}
	if len(left) < 100 {
		t.Fatalf("%d cases", len(left))
	}
	return left
}

// onWire is a memory store with an entry as async-caches has written it, and the name of the store.
func onWire(t *testing.T, v vector) (url string) {
	t.Helper()
	url = "memory://vector-" + regexp.MustCompile(`\W`).ReplaceAllString(t.Name(), "-")
	raw, err := larder.NewView(openCache(t, url, larder.WithLayout(larder.Bare)), "", larder.Policy[[]byte]{Codec: codec.Raw})
	ok(t, err)
	ok(t, raw.Set(t.Context(), string(v.Key), v.Value))
	return url
}

// keyParts takes a key apart as async-caches has put it together, the key prefix being without colons.
func keyParts(key string) (prefix, version, rest string) {
	parts := strings.SplitN(key, ":", 3)
	return parts[0], parts[1], parts[2]
}

// TestVectorsAreRead: what async-caches has written is found under its key, and is the value that it was.
func TestVectorsAreRead(t *testing.T) {
	for _, v := range stored(t) {
		t.Run(v.Case, func(t *testing.T) {
			prefix, version, key := keyParts(string(v.Key))
			c := openCache(t, onWire(t, v), larder.WithKeyPrefix(prefix), larder.WithVersion(version))
			got, err := larder.Of[any](c, "").Get(t.Context(), key)
			if v.Case == "get_many/bad_json" && string(v.Value) == "notjson" {
				wantErr(t, "what is no JSON", err, larder.ErrCodec)
				return
			}
			if err != nil || !alike(got, v.Decoded) {
				if !loneSurrogate(v) || err != nil {
					t.Errorf("%s = %#v, %v; Python has %#v", v.Value, got, err, v.Decoded)
				}
			}
			want(t, mustView(t, c, larder.Policy[json.RawMessage]{}), key, json.RawMessage(v.Value))
		})
	}
}

// loneSurrogate: encoding/json reads one as U+FFFD, as the design says; the raw bytes keep it.
func loneSurrogate(v vector) bool { return strings.Contains(string(v.Value), `\ud800`) }

// alike compares numbers by value, and what JSON cannot say with the name that the vectors give it.
func alike(a, b any) bool {
	if f, is := a.(float64); is {
		return fmt.Sprint(b) == map[bool]string{true: "NaN"}[math.IsNaN(f)] || (math.IsInf(f, 1) && b == "Infinity") || (math.IsInf(f, -1) && b == "-Infinity")
	}
	x, isX := a.(json.Number)
	y, isY := b.(json.Number)
	if isX && isY {
		f, _ := x.Float64()
		g, _ := y.Float64()
		return x == y || (f == g && strings.ContainsAny(string(x)+string(y), ".eE"))
	}
	switch a := a.(type) {
	case []any:
		b, is := b.([]any)
		if !is || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !alike(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, is := b.(map[string]any)
		if !is || len(a) != len(b) {
			return false
		}
		for k := range a {
			if !alike(a[k], b[k]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// TestVectorKeys: our layout makes the very keys that async-caches makes.
func TestVectorKeys(t *testing.T) {
	for _, c := range []struct{ prefix, version, own, key, call string }{
		{"", "", "", "k", "set/true"}, {"", "1", "", "k", "version/set_1"}, {"", "2", "", "k", "version/get_int_vs_str"},
		{"", "", "", "", "key/empty"}, {"", "", "", "5", "key/int"}, {"", "v9", "", "k", "add/version"}, {"forum", "2019", "", "s", "config/prefix_version"},
		{"kw", "vk", "", "s", "config/url_and_kw"}, {"", "7", "", "s", "config/version0"}, {"a:", "", "", "s", "config/prefixcolon"},
		{"forum", "2019", "s", "5", "config/prefix_version"}, {"", "", "", strings.Repeat("k", 400), "key/long"},
	} {
		url := "memory://vector-keys-" + regexp.MustCompile(`\W`).ReplaceAllString(c.call+c.own, "-")
		cache := openCache(t, url, larder.WithKeyPrefix(c.prefix), larder.WithVersion(c.version))
		ok(t, larder.Of[int](cache, c.own).Set(t.Context(), c.key, 1))
		keys := keysOf(t, openCache(t, url, larder.WithLayout(larder.Bare)).Keys(t.Context()))
		found := false
		for _, v := range stored(t) {
			found = found || (v.Case == c.call && string(v.Key) == keys[0])
		}
		if !found {
			t.Errorf("%s: %q is none of async-caches' keys", c.call, keys[0])
		}
	}
}

// TestVectorTTLs: a lifetime of so many seconds is the same lifetime here.
func TestVectorTTLs(t *testing.T) {
	v := larder.Of[any](openCache(t, "memory://"), "")
	for _, c := range stored(t) {
		ttl := larder.NoExpiry
		var lifetime time.Duration
		if c.TTL != nil {
			lifetime = time.Duration(*c.TTL) * time.Second
			ttl = larder.TTL(lifetime)
		}
		ok(t, v.Set(t.Context(), "k", 1, ttl))
		wantTTL(t, v, "k", lifetime)
	}
}

// counting matches the cases of incr and decr whose text says what was there, and by how much it changed.
var countingCases = map[string]struct {
	before string
	delta  float64
}{
	"incr/int5": {"10", 5}, "incr/float": {"10", 0.5}, "incr/float_result_int": {"1.5", 0.5}, "decr/int5": {"10", -5}, "decr/float": {"10", -0.5},
	"decr/float_result_int": {"1.5", -0.5}, "incr/tiny": {"0", 1e-7}, "decr/tiny": {"0", -1e-7}, "incr/1e22_value": {"1e+22", 0.5},
	"decr/1e22_value": {"1e+22", -0.5}, "decr/default": {"10", -1}, "incr/float_delta_neg": {"1", -2.5}, "decr/float_delta_neg": {"1", 2.5},
	"decr/float01": {"0.2", -0.1},
}

// TestVectorCounters: sums are written as Redis has written them for async-caches.
func TestVectorCounters(t *testing.T) {
	checked := 0
	for _, v := range stored(t) {
		c, is := countingCases[v.Case]
		if !is {
			continue
		}
		checked++
		_, text, err := driver.AddFloat(c.before, c.delta)
		if err != nil || text != string(v.Value) {
			t.Errorf("%s: %s + %v = %s, %v; Redis has %s", v.Case, c.before, c.delta, text, err, v.Value)
		}
	}
	if checked != len(countingCases) {
		t.Errorf("%d of %d cases are in the file", checked, len(countingCases))
	}
}

// TestVectorsNotNumbers: what Redis refuses to count for async-caches is refused here, and stays as it is.
func TestVectorsNotNumbers(t *testing.T) {
	for _, v := range stored(t) {
		verb, what, _ := strings.Cut(v.Case, "/")
		if v.Raises == nil || !strings.Contains(*v.Raises, "not an integer") && !strings.Contains(*v.Raises, "overflow") || (verb != "incr" && verb != "decr") {
			continue
		}
		delta := int64(1)
		t.Run(v.Case, func(t *testing.T) {
			c := openCache(t, onWire(t, v))
			_, err := c.Incr(t.Context(), "k", delta)
			if what == "overflow" {
				wantErr(t, "Incr", err, larder.ErrOverflow)
			} else {
				wantErr(t, "Incr", err, larder.ErrNotNumber)
			}
			want(t, larder.Of[json.RawMessage](c, ""), "k", json.RawMessage(v.Value))
		})
	}
}

// TestReverseVectors: what others may write. Python reads byte order marks and UTF-16 too, which it never writes itself.
func TestReverseVectors(t *testing.T) {
	onlyPython := map[string]bool{"reverse/get_bom": true, "reverse/get_utf16": true}
	for _, v := range vectors(t, "async_caches_reverse.json") {
		t.Run(v.Case, func(t *testing.T) {
			got, err := larder.Of[any](openCache(t, onWire(t, v)), "").Get(t.Context(), "k")
			switch {
			case onlyPython[v.Case]:
				wantErr(t, "Get", err, larder.ErrCodec)
			case v.Case == "reverse/get_badutf8":
				want(t, larder.Of[string](openCache(t, onWire(t, v)), ""), "k", "\ufffd") // Python refuses it
			case v.Raises != nil:
				wantErr(t, "Get", err, larder.ErrCodec)
			case v.Case == "reverse/get_float": // 1e400: infinite in Python, exact here
				said(t, "Get", any(json.Number("1e400")))(got, err)
			case err != nil || (!alike(got, v.Decoded) && !loneSurrogate(v)):
				t.Errorf("%s = %#v, %v; Python reads %#v", v.Value, got, err, v.Decoded)
			}
		})
	}
}

// TestWhatWeWriteIsAsyncCachesReadable: plain JSON, and the same value in its bytes.
func TestWhatWeWriteIsAsyncCachesReadable(t *testing.T) {
	for _, v := range stored(t) {
		if _, isFloat := v.Decoded.(string); isFloat && strings.Contains("NaN Infinity -Infinity", v.Decoded.(string)) {
			continue
		}
		written, err := codec.JSON.Marshal(&v.Decoded)
		ok(t, err)
		var back any
		ok(t, json.Unmarshal(written, &back))
		var theirs any
		if json.Unmarshal(v.Value, &theirs) == nil && !reflect.DeepEqual(back, theirs) && !loneSurrogate(v) {
			t.Errorf("%s: we write %s, they %s", v.Case, written, v.Value)
		}
	}
}
