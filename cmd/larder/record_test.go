package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestParseRecord(t *testing.T) {
	for line, want := range map[string]record{
		`{"key":"a","value":1,"ttl":1.5}`:                       {"a", []byte("1"), lifetime{forTime, 1500 * time.Millisecond}},
		` { "ttl" : null , "value" : {"b" : 1.0} , "key":"" } `: {"", []byte(`{"b" : 1.0}`), lifetime{kind: never}},
		`{"key":"\u00e9\ud83d\ude00\n","value":"\ud800"}`:       {"é😀\n", []byte(`"\ud800"`), lifetime{}},
		`{"key_base64":"/w==","value_base64":""}`:               {"\xff", []byte{}, lifetime{}},
		`{"key":"a","value":12345678901234567890.10,"ttl":1e2}`: {"a", []byte("12345678901234567890.10"), lifetime{forTime, 100 * time.Second}},
		`{"\u006bey":"a","value":[{},"}"],"ttl":0.0000000001}`:  {"a", []byte(`[{},"}"]`), lifetime{forTime, 1}},
		`{"key":"a","value":1,"ttl":3153600000}`:                {"a", []byte("1"), lifetime{forTime, 100 * 365 * 24 * time.Hour}},
	} {
		got, err := parseRecord([]byte(line))
		if err != nil || got.key != want.key || string(got.value) != string(want.value) || got.ttl != want.ttl {
			t.Errorf("%s: got %q %q %v, %v", line, got.key, got.value, got.ttl, err)
		}
	}
}

func TestParseRecordRefuses(t *testing.T) {
	for line, part := range map[string]string{
		`{"key":"a"`:                            "not JSON",
		`{"key":"a","value":NaN}`:               "NaN",
		`[1]`:                                   "not an object",
		`"key"`:                                 "not an object",
		`null`:                                  "not an object",
		`{}`:                                    "neither key nor key_base64",
		`{"value":1}`:                           "neither key nor key_base64",
		`{"key":"a"}`:                           "neither value nor value_base64",
		`{"key":"a","value":1,"expires":5}`:     `unknown member "expires"`,
		`{"key":"a","Value":1}`:                 `unknown member "Value"`,
		`{"key":"a","key":"b","value":1}`:       "key is there twice",
		`{"key":"a","value":1,"ttl":1,"ttl":2}`: "ttl is there twice",
		`{"key":"a","key_base64":"YQ==","value":1}`: "both key and key_base64",
		`{"key":"a","value":1,"value_base64":""}`:   "both value and value_base64",
		`{"key":1,"value":1}`:                       "key: not a JSON string",
		`{"key":null,"value":1}`:                    "key: not a JSON string",
		`{"key":"\udc00","value":1}`:                "half a surrogate pair",
		"{\"key\":\"\xff\",\"value\":1}":            "not UTF-8",
		`{"key_base64":"YQ","value":1}`:             "key_base64: illegal base64",
		`{"key_base64":"YR==","value":1}`:           "key_base64: illegal base64",
		`{"key":"a","value_base64":5}`:              "value_base64: not a JSON string",
		`{"key":"a","value":1,"ttl":"10m"}`:         `ttl: "10m" is neither`,
		`{"key":"a","value":1,"ttl":"10"}`:          `ttl: "10" is neither`,
		`{"key":"a","value":1,"ttl":[]}`:            "ttl: [] is neither",
		`{"key":"a","value":1,"ttl":0}`:             "ttl: 0 is not above zero",
		`{"key":"a","value":1,"ttl":-0.5}`:          "ttl: -0.5 is not above zero",
		`{"key":"a","value":1,"ttl":6307200000}`:    "ttl: 6307200000 is more than 100 years",
		`{"key":"a","value":1,"ttl":1e300}`:         "ttl: 1e300 is more than 100 years",
		`{"key":"a","value":1,"ttl":1e999}`:         "ttl: 1e999 is more than 100 years",
		`{"key":"a","value":1} {}`:                  "not JSON",
	} {
		if got, err := parseRecord([]byte(line)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %+v %v, want %s", line, got, err, part)
		}
	}
}

// What export writes, import reads, to the byte, whatever the key and the value are.
func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := string(rapid.SliceOf(rapid.Byte()).Draw(t, "key"))
		if rapid.Bool().Draw(t, "text key") {
			key = rapid.String().Draw(t, "key text")
		}
		value := rapid.SliceOf(rapid.Byte()).Draw(t, "value")
		if rapid.Bool().Draw(t, "JSON value") {
			value, _ = json.Marshal(rapid.String().Draw(t, "value text"))
		}
		ms := rapid.Int64Range(0, math.MaxInt32).Draw(t, "ttl")
		ttl := time.Duration(ms) * time.Millisecond
		line := appendRecord(nil, key, value, ttl)
		if bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Fatalf("not one line: %q", line)
		}
		got, err := parseRecord(line)
		wantTTL := lifetime{forTime, ttl}
		if ms == 0 {
			wantTTL = lifetime{kind: never}
		}
		if err != nil || got.key != key || !bytes.Equal(got.value, value) || got.ttl != wantTTL {
			t.Fatalf("%q became %q %q %v, %v", line, got.key, got.value, got.ttl, err)
		}
	})
}

// jsonText draws JSON with white space anywhere between its tokens, and around it.
func jsonText() *rapid.Generator[[]byte] {
	space := rapid.StringOfN(rapid.RuneFrom([]rune(jsonSpace)), 0, 3, -1)
	var value func(t *rapid.T, depth int) string
	value = func(t *rapid.T, depth int) string {
		around := func(s string) string { return space.Draw(t, "before") + s + space.Draw(t, "after") }
		text := func() string { s, _ := json.Marshal(rapid.String().Draw(t, "text")); return string(s) }
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if depth == 0 {
			kind %= 3
		}
		switch kind {
		case 0:
			return around(rapid.SampledFrom([]string{"0", "-1.50e+3", "null", "true", `"\ud800"`, `""`}).Draw(t, "word"))
		case 1, 2:
			return around(text())
		case 3:
			return around("{" + around(text()) + ":" + value(t, depth-1) + "}")
		}
		return around("[" + value(t, depth-1) + "," + value(t, depth-1) + "]")
	}
	return rapid.Custom(func(t *rapid.T) []byte { return []byte(value(t, 4)) })
}

// Of white space in JSON nothing is lost.
func TestRecordKeepsWhiteSpace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := jsonText().Draw(t, "value")
		line := appendRecord(nil, "k", value, 0)
		if got, err := parseRecord(line); err != nil || !bytes.Equal(got.value, value) {
			t.Fatalf("%q became %q in %q, %v", value, got.value, line, err)
		}
	})
}

// A value of 10,000 levels is JSON, the line with it would not be.
func TestRecordOfDeepValue(t *testing.T) {
	for _, depth := range []int{9_999, 10_000} {
		value := []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		line := appendRecord(nil, "k", value, 0)
		got, err := parseRecord(line)
		if !json.Valid(value) || err != nil || !bytes.Equal(got.value, value) || bytes.Contains(line, []byte("base64")) != (depth > 9_999) {
			t.Errorf("%d levels became %d bytes, %v", depth, len(got.value), err)
		}
	}
}

func TestExportedTTLIsRoundedUp(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1: "0.001", time.Millisecond: "0.001", time.Millisecond + 1: "0.002", 90 * time.Second: "90.000",
		59*time.Second + 999*time.Millisecond + 1: "60.000",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

// A line that is taken is an object of the known members, each once, and what is taken from it is what encoding/json
// reads there; it never panics.
func FuzzImportLine(f *testing.F) {
	for _, s := range []string{
		`{"key":"a","value":{"b":[1,"}"]},"ttl":60}`, `{"key_base64":"/w==","value_base64":"AA==","ttl":null}`,
		`{"key":"\ud83d\ude00\u0000","value":1e400}`, `{"key":"\ud800","value":1}`, `{`, `{}`, "{\"key\":\"a\",\"value\":1}\r\n",
		`{"key":"a","value":"\\\"","ttl":1e-300}`, `{"key":"a" , "value" : -1 }`, `[]`, `"`, `{"key":"a","value":NaN}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parseRecord(line)
		if err != nil {
			return
		}
		var want struct {
			Key         *string         `json:"key"`
			KeyBase64   *string         `json:"key_base64"`
			Value       json.RawMessage `json:"value"`
			ValueBase64 *string         `json:"value_base64"`
			TTL         *float64        `json:"ttl"`
		}
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&want); err != nil || !utf8.Valid(line) {
			t.Fatalf("%q was taken: %v", line, err)
		}
		key, value := unbase64(t, want.Key, want.KeyBase64), []byte(want.Value)
		if want.ValueBase64 != nil {
			value = []byte(unbase64(t, nil, want.ValueBase64))
		}
		if r.key != key || !bytes.Equal(r.value, value) {
			t.Fatalf("%q: got %q %q, want %q %q", line, r.key, r.value, key, value)
		}
		if r.ttl.kind == forTime && (want.TTL == nil || math.Abs(r.ttl.d.Seconds()-*want.TTL) > 1e-6) {
			t.Fatalf("%q: ttl %v", line, r.ttl)
		}
	})
}

func unbase64(t *testing.T, text, coded *string) string {
	if text != nil {
		return *text
	}
	data, err := base64.StdEncoding.DecodeString(*coded)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
