package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/larder-go/larder/codec"
)

func TestCompact(t *testing.T) {
	for in, want := range map[string]string{
		"1":                            "1",
		"{\n \"a\": 1,\r\n\t\"b\":[]}": "{ \"a\": 1,\t\"b\":[]}",
		"[\"a\\\"\\\\\",\n\"\"]":       "[\"a\\\"\\\\\",\"\"]",
		"[NaN,\n-Infinity]":            "[NaN,-Infinity]",
		"":                             "",
		"\n":                           "",
		"\"open\n":                     "\"open\n",
	} {
		if got := string(compact(nil, []byte(in))); got != want {
			t.Errorf("compact(%q) = %q, want %q", in, got, want)
		}
	}
}

// What compact prints parses to the same as what it was given, and is a line.
func FuzzCompact(f *testing.F) {
	for _, s := range []string{"{\n\"a\\\"\" :\r[1,\n2.50e1]}", "\"\\\\\"\n", "[\n]", "\xff", "[NaN,\nInfinity]", "\"a\nb\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := compact([]byte("x"), text)[1:]
		if !codec.Valid(text) {
			return // it is not asked to
		}
		if !codec.Valid(got) {
			t.Fatalf("%q became %q", text, got)
		}
		if bytes.ContainsAny(got, "\r\n") {
			t.Fatalf("%q became %q, with line breaks", text, got)
		}
		if rest := strings.NewReplacer("\n", "", "\r", ""); string(got) != rest.Replace(string(text)) {
			t.Fatalf("%q became %q: more than line breaks has changed", text, got)
		}
		if json.Valid(text) {
			if diff := cmp.Diff(parsed(t, text), parsed(t, got)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func parsed(t *testing.T, text []byte) (v any) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestIndentKeepsTheText(t *testing.T) {
	if got := string(indent([]byte(`{"b":1.50,"a":"<"}`))); !strings.Contains(got, `1.50`) || !strings.Contains(got, `"<"`) {
		t.Error(got)
	}
}
