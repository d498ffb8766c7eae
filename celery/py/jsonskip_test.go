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

// sameVerdict compares the skipper, and the scanner that it leaves the rest to, with the scanner alone: as a value, and item by item.
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
