package pytext

import (
	"unicode/utf16"
	"unicode/utf8"
)

// AppendRune appends r, also if it is half of a surrogate pair.
func AppendRune(b []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(b, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(b, r)
}

// DecodeRune is utf8.DecodeRuneInString that knows halves of surrogate pairs.
func DecodeRune(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 && halfPair(s) {
		return rune(s[0]&0xf)<<12 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	return r, n
}

// halfPair tells whether s begins with the three bytes of a half of a surrogate pair.
func halfPair(s string) bool {
	return len(s) >= 3 && s[0] == 0xed && s[1]&0xe0 == 0xa0 && s[2]&0xc0 == 0x80
}

// Valid tells whether s can be a Python str: UTF-8, or else the three bytes of halves of surrogate pairs.
func Valid(s string) bool {
	if utf8.ValidString(s) {
		return true
	}
	for i := 0; i < len(s); {
		r, n := DecodeRune(s[i:])
		if r == utf8.RuneError && n == 1 {
			return false
		}
		i += n
	}
	return true
}

// Clean is s with each byte that is neither UTF-8 nor of a half of a surrogate pair replaced by U+FFFD, as
// encoding/json does.
func Clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); {
		r, n := DecodeRune(s[i:])
		b = AppendRune(b, r)
		i += n
	}
	return string(b)
}
