package main

import (
	"strconv"
	"unicode/utf16"
)

// halfPair tells whether a JSON string escapes one half of a surrogate pair without the other. It stands for no
// character, and encoding/json would replace it.
func halfPair(quoted []byte) bool {
	for i := 0; i < len(quoted); i++ {
		if quoted[i] != '\\' {
			continue
		}
		first, ok := escapedRune(quoted, i)
		if !ok {
			i++
			continue
		}
		if utf16.IsSurrogate(first) {
			second, _ := escapedRune(quoted, i+6)
			if utf16.DecodeRune(first, second) == '\uFFFD' {
				return true
			}
			i += 6
		}
		i += 5
	}
	return false
}

// escapedRune reads \uXXXX.
func escapedRune(s []byte, i int) (rune, bool) {
	if i+6 > len(s) || s[i] != '\\' || s[i+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[i+2:i+6]), 16, 16)
	return rune(n), err == nil
}
