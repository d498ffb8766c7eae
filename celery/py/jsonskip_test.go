package py

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// verdict is all that a scanner says of a text.
func verdict(text string, slow bool) string {
	sc := scanner{s: text, slow: slow}
	start, end, err := sc.document()
	return fmt.Sprint(start, end, sc.typed, err)
}

// sameVerdict compares the skipper, and the scanner that it leaves the rest to, with the scanner alone: as a
// value, and item by item.
func sameVerdict(t interface{ Errorf(string, ...any) }, text string) {
	if quick, slow := verdict(text, false), verdict(text, true); quick != slow {
		t.Errorf("%q:\n%s, the scanner alone says\n%s", text, quick, slow)
	}
	if quick, slow := items(text, false), items(text, true); quick != slow {
		t.Errorf("%q:\n%s, the scanner alone says\n%s", text, quick, slow)
	}
}

func items(text string, slow bool) string {
	r := ReadFields(text, Celery56)
	r.sc.slow = slow
	var b strings.Builder
	for name, v, ok := r.Next(); ok; name, v, ok = r.Next() {
		fmt.Fprintf(&b, "%q=%s ", name, v.text)
	}
	return b.String() + fmt.Sprint(r.Err())
}

// TestSkipperAtEveryPlace: whatever stands at whatever place of a block, at its ends above all.
func TestSkipperAtEveryPlace(t *testing.T) {
	for _, odd := range []string{``, `\"`, `\\`, `\\\"`, `\u0041`, `\u004`, `\u00g1`, `\x`, `\`, "\n", "\x1f", "\x7f", "\x80", "é", "\xff", `"`, `\n\n\n`, `\"\"\"`} {
		for n := range 140 {
			pad := strings.Repeat("a", n)
			for _, text := range []string{
				`"` + pad + odd + `"`,
				`"` + pad + odd + pad + `"`,
				`["` + pad + odd + `", "b", 1, {"c": "` + odd + `"}]`,
				`{"` + pad + odd + `": "b", "x": {"` + odd + `": [1, "y"]}, "z": 2}`,
				`{"a": "` + pad + odd + `", "__type__": 1, "b": {"__type__": 1}}`,
				`[` + strings.Repeat(" ", n) + odd + `"a"` + odd + `]`,
				`[` + strings.Repeat("1,", n) + odd + `1, "a"]`,
			} {
				sameVerdict(t, text)
				sameVerdict(t, text[:len(text)-1])
			}
		}
	}
}

// TestSkipperOfMistakes: what it must leave to the scanner.
func TestSkipperOfMistakes(t *testing.T) {
	for _, text := range []string{
		`{1}`, `{1, 2}`, `{1: 2}`, `{"a": 1, 2}`, `{"a": 1, "b"}`, `{"a", "b"}`, `{"a" 1}`, `{"a":}`, `{"a": 1,}`, `{,}`, `{null: 1}`, `{[]: 1}`,
		`[1 2]`, `[1,]`, `[,]`, `[,1]`, `[1,,2]`, `[:]`, `["a": 1]`, `[}`, `{]`, `[1}`, `{"a": 1]`, `[[1]`, `[1]]`, `{"a": 1}}`, `"a" "b"`, `1 2`, `]`, `}`,
		`,`, `:`, ``, ` `, `-`, `+1`, `.5`, `1.`, `1e`, `1e+`, `0x1`, `00`, `-01`, `tru`, `nulll`, `NaN`, `-NaN`, `'a'`, `{'a': 1}`, "\ufeff{}", "[1]\x00",
		`{"__type__": "nosuch", "__value__": 1}`, `{"a": 1, "__type__": "nosuch"}`, `{"\u005f_type__": "nosuch", "__value__": 1}`,
		`{"a": {"__value__": 1, "__type__": "nosuch"}}`, `{"a": {"b": 1, "\u005f_type__": "nosuch", "__value__": 1}}`,
		`{"__type__": "bytes", "__value__": "x"}`, `{ "a" : 1 }`, `{"a":1,"b":[1,2,{"c":3}]}`, "{\n  \"a\": [\n    1\n  ]\n}\n", "[\t1\r\n,2]",
	} {
		sameVerdict(t, text)
		sameVerdict(t, `{"first": 1, "x": `+text+`}`)
		sameVerdict(t, `[`+text+`, {"y": "`+strings.Repeat("z", 70)+`"}]`)
	}
}

// TestSkipperOfAnything that looks like JSON here and there.
func TestSkipperOfAnything(t *testing.T) {
	parts := []string{`{`, `}`, `[`, `]`, `, `, `: `, `,`, `:`, ` `, "\n", `"a"`, `"name": `, `"__type__": `, `"__value__": `, `"\\"`, `"\""`, `"\u0022": `,
		`1`, `-1`, `0`, `01`, `1.5`, `1.`, `1e5`, `1e`, `-`, `null`, `true`, `false`, `nul`, `NaN`, `-Infinity`, `"é"`, `"x`, `\`, `""`,
		strings.Repeat(`a`, 60), strings.Repeat(` `, 61), `"` + strings.Repeat(`b`, 63) + `"`}
	rapid.Check(t, func(t *rapid.T) {
		picked := rapid.SliceOfN(rapid.SampledFrom(parts), 0, 24).Draw(t, "parts")
		sameVerdict(t, strings.Join(picked, ""))
		sameVerdict(t, "["+strings.Join(picked, ", ")+"]")
	})
}

// TestSkipperDepth: what is nested more deeply than the skipper keeps in mind, and than anybody reads.
func TestSkipperDepth(t *testing.T) {
	for _, depth := range []int{1, 60, 61, 62, 63, 64, 65, 127, maxDepth - 1, maxDepth, maxDepth + 1} {
		for _, open := range []string{`[`, `{"a": `} {
			end := map[byte]string{'[': "]", '{': "}"}[open[0]]
			text := strings.Repeat(open, depth) + `"x"` + strings.Repeat(end, depth)
			sameVerdict(t, text)
			sameVerdict(t, text[:len(text)-1])
			sameVerdict(t, text+end)
			sameVerdict(t, `{"b": 1, "a": `+text+`}`)
		}
	}
}

// TestSkipperTakesCelerysForm, and does not leave it to the scanner, which takes several times as long.
func TestSkipperTakesCelerysForm(t *testing.T) {
	for _, text := range []string{
		`{"status": "SUCCESS", "result": {}, "children": [], "traceback": null, "date_done": "2026-11-21T20:36:17.166399+00:00"}`,
		`{"a": "\n\u00e9\\\"", "b": [true, false, -1, 0, 1.5, -2.5e-7, 1e5, [[], {}]], "c": {"d": {"e": "` + strings.Repeat("f", 200) + `\n"}}}`,
		`[{"a":1,"b":"c"},[1,2],"x" , { } ]`,
		strings.Repeat("[", 63) + strings.Repeat("]", 63),
		`"` + strings.Repeat(`\"`, 100) + `"`,
	} {
		sc := scanner{s: text}
		if _, _, err := sc.document(); err != nil || sc.slow {
			t.Errorf("%s: slow: %v, %v", text, sc.slow, err)
		}
	}
}

// readAll are the fields of a text.
func readAll(text []byte, c Compat) (Fields, error) {
	r := ReadFields(string(text), c)
	return r.All()
}
