package serial

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery/py"
)

func binunicode(s string) string {
	n := len(s)
	return string([]byte{'X', byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}) + s
}

// A text to which there are many references counts each time: what would print, copy or store the value pays for each.
func TestReferencesCount(t *testing.T) {
	text := strings.Repeat("x", 200_000)
	b64 := base64.StdEncoding.EncodeToString(make([]byte, 150_000))
	aliases := "[" + strings.Repeat("*s, ", 3000) + "1]\n"
	var keys, decimals, encoded strings.Builder
	for i := range 2000 {
		keys.WriteString("h\x00" + string([]byte{'M', byte(i), byte(i >> 8)}) + "\x86N") // (s, i): None
	}
	decimals.WriteString(binunicode("1"+strings.Repeat("_1", 100_000)) + "q\x00" + "cdecimal\nDecimal\nq\x01")
	encoded.WriteString(binunicode(text) + "q\x00" + binunicode("latin1") + "q\x01c_codecs\nencode\nq\x02")
	for range 2000 {
		decimals.WriteString("h\x01h\x00\x85R")
		encoded.WriteString("h\x02h\x00h\x01\x86R")
	}
	for name, tt := range map[string]struct{ format, data string }{
		"yaml: a str":             {"yaml", "s: &s " + text + "\nr: " + aliases},
		"yaml: bytes":             {"yaml", "s: &s !!binary " + b64 + "\nr: " + aliases},
		"yaml: bytes in a list":   {"yaml", "s: &s [!!binary " + b64 + "]\nr: " + aliases},
		"yaml: merged":            {"yaml", "s: &s {a: " + text + "}\nr: {<<: " + strings.Replace(aliases, ", 1", "", 1) + "}\n"},
		"pickle: a str":           {"pickle", "]" + "(" + binunicode(text) + "q\x00" + strings.Repeat("h\x00", 3000) + "e."},
		"pickle: a str in a list": {"pickle", "](](" + binunicode(text) + "eq\x00" + strings.Repeat("h\x00", 3000) + "e."},
		"pickle: keys":            {"pickle", "}(" + binunicode("s") + binunicode(text) + "q\x00" + keys.String() + "u."},
		"pickle: decimals":        {"pickle", "(" + decimals.String() + "l."},
		"pickle: encoded bytes":   {"pickle", "(" + encoded.String() + "l."},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			took := allocated(func() { _, err = must(ByName(tt.format)).Decode([]byte(tt.data)) })
			if !errors.Is(err, py.ErrMalformed) || !strings.Contains(fmt.Sprint(err), tooMuch) {
				t.Errorf("%.200v", err)
			}
			if took > 100 {
				t.Errorf("%d bytes took %d MiB", len(tt.data), took)
			}
		})
	}
}

// References within reason are read, and what they name is there once.
func TestReferencesAreShared(t *testing.T) {
	b64 := base64.StdEncoding.EncodeToString(make([]byte, 150_000))
	data := "b: &b !!binary " + b64 + "\nresult: [" + strings.Repeat("*b, ", 300) + "1]\n"
	var v py.Value
	var err error
	took := allocated(func() { v, err = must(ByName("yaml")).Decode([]byte(data)) })
	if err != nil {
		t.Fatal(err)
	}
	items := must(mustField(must(v.Fields()), "result").Items())
	if len(items) != 301 || took > 20 {
		t.Errorf("%d items took %d MiB", len(items), took)
	}
}

// Numbers and other small values are read by the hundred thousand, also where there is a minus or a comma in them.
func TestYAMLManySmall(t *testing.T) {
	for name, line := range map[string]string{
		"ints": "- %d\n", "negative": "- -%d\n", "floats": "- 1.%de-05\n", "uuids": "- a-b-c-d-%d\n",
		"times": "- '2024-02-29T12:34:56.%06d'\n", "csv": "- a,b,c,d,e,f,%d\n",
		"text": "- a, b, c, d, e, f, %d\n", "names": "- a:b:c:d:e:f:g:h:i:j:%d\n",
	} {
		t.Run(name, func(t *testing.T) {
			n := 100_000
			if name == "negative" && !testing.Short() {
				n = 600_000 // 5 MiB
			}
			var b strings.Builder
			b.WriteString("children: []\nresult:\n")
			for i := range n {
				fmt.Fprintf(&b, line, i)
			}
			b.WriteString("status: SUCCESS\n")
			fields, err := must(ByName("yaml")).Fields([]byte(b.String()))
			if err != nil {
				t.Fatal(err)
			}
			if items := must(mustField(fields, "result").Items()); len(items) != n {
				t.Errorf("%d items", len(items))
			}
		})
	}
}

// Halves of surrogate pairs, as PyYAML 6 reads and writes them.
func TestYAMLHalves(t *testing.T) {
	for data, want := range map[string]string{
		`"\uD800"`:                     `'\ud800'`,
		`"a\udfffb"`:                   `'a\udfffb'`,
		`"\U0000DC00x"`:                `'\udc00x'`,
		`"\ud83d\ude00"`:               `'\ud83d\ude00'`,
		`["\\uD800", "\uDABC"]`:        `['\\uD800', '\udabc']`,
		`["\\\uD800", '\uDabc \\uD8']`: `['\\\ud800', '\\uDabc \\\\uD8']`,
		`{"\ud801": \ud801}`:           `{'\ud801': '\\ud801'}`,
		`["\ud800", "\uF8FF", "ä"]`:    `['\ud800', '\uf8ff', 'ä']`,
	} {
		v, err := must(ByName("yaml")).Decode([]byte(data))
		if err != nil || v.Repr() != want {
			t.Errorf("%s: %s, %v; want %s", data, v.Repr(), err, want)
		}
	}
	// Where they are moved to meanwhile has to be free: nothing else must come out as a half.
	for _, data := range []string{`["\ud800", "\ue800"]`, "[\"\\ud800\", \"\ue800\"]", "[\"\\ud800\", \"\uefff\"]"} {
		if v, err := must(ByName("yaml")).Decode([]byte(data)); !errors.Is(err, py.ErrMalformed) {
			t.Errorf("%s: %s, %v", data, v.Repr(), err)
		}
	}
	for _, s := range []string{"\xed\xa0\x80", "x\xed\xbf\xbfy \\uD800", `\uE800`} {
		written := must(must(ByName("yaml")).Encode(py.FromTree(s), py.Celery56))
		if v, err := must(ByName("yaml")).Decode(written); err != nil || v.Repr() != py.FromTree(s).Repr() {
			t.Errorf("%q became %q: %s, %v", s, written, v, err)
		}
	}
}
