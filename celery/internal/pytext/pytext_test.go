package pytext

import "testing"

func TestAppendQuoted(t *testing.T) {
	for s, want := range map[string]string{
		"":                  `""`,
		"plain ~":           `"plain ~"`,
		"\"\\/\b\f\n\r\t":   `"\"\\/\b\f\n\r\t"`,
		"\x00\x1f\x7f":      `"\u0000\u001f\u007f"`,
		"é€":                `"\u00e9\u20ac"`,
		"😀":                 `"\ud83d\ude00"`,
		"half \xed\xa0\x80": `"half \ud800"`,
		"bad \xff":          `"bad \ufffd"`,
	} {
		if got := string(AppendQuoted([]byte("x"), s)); got != "x"+want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

func TestHalves(t *testing.T) {
	const half = "\xed\xb0\x80"
	if r, n := DecodeRune(half + "a"); r != 0xdc00 || n != 3 {
		t.Errorf("%x, %d", r, n)
	}
	if got := string(AppendRune(nil, 0xdc00)); got != half {
		t.Errorf("%x", got)
	}
	for s, valid := range map[string]bool{"": true, "é": true, half: true, "a" + half + "é": true, "\xff": false, half[:2]: false, "\xed\x9f": false} {
		if Valid(s) != valid {
			t.Errorf("%q: %v", s, !valid)
		}
		if clean := Clean(s); !Valid(clean) || valid && clean != s {
			t.Errorf("%q became %q", s, clean)
		}
	}
	if got := Clean("a\xff" + half); got != "a\ufffd"+half {
		t.Errorf("%q", got)
	}
}
