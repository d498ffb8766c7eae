package main

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// escapeKey writes a key on one line: control characters and what else does not print, bad UTF-8 and the backslash
// as in a Go string, everything else as it is. [strconv.UnquoteChar] reads it back.
func escapeKey(key string) string {
	if !needsEscape(key) {
		return key
	}
	var b strings.Builder
	for i := 0; i < len(key); {
		r, size := utf8.DecodeRuneInString(key[i:])
		if c := key[i : i+size]; plainRune(r, size) {
			b.WriteString(c)
		} else {
			quoted := strconv.Quote(c)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

func needsEscape(key string) bool {
	for i := 0; i < len(key); {
		r, size := utf8.DecodeRuneInString(key[i:])
		if !plainRune(r, size) {
			return true
		}
		i += size
	}
	return false
}

func plainRune(r rune, size int) bool {
	return r != '\\' && strconv.IsPrint(r) && (r != utf8.RuneError || size > 1)
}
