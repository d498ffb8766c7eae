package py

import (
	"math/bits"
	"strings"
)

// This file finds the end of a value in text that is as Celery writes it: JSON, in ASCII, a space here and
// there. It gives up at anything else, for the scanner to look at slowly: text beyond ASCII, names with
// escapes, NaN, deep nesting, and every mistake. The two agree on what is sound; only the scanner tells what
// is wrong.

const (
	// plainTyped is the name that kombu marks typed objects with.
	plainTyped = `"__type__"`
	// mostOpen is from where on the skipper has no room for another bracket.
	mostOpen = 1 << 63
)

// skipValue returns the end of the value that begins at i, or -1. It is one loop, which holds the brackets
// that are open in the bits of a word: calls, one for each value, would take as long again.
func (q *quotes) skipValue(s string, i int) int {
	q.seek(i)
	open := uint64(1) // a 1, and behind it a bit for each bracket: 1 for an object
	left, wantsName := q.left, false
	for uint(i) < uint(len(s)) {
		switch c := s[i]; {
		case c == '"':
			begin := i
			if left == 0 {
				left = q.next(s)
			}
			if left &= left - 1; left == 0 {
				left = q.next(s)
			}
			if left == 0 {
				return -1
			}
			i = q.end - blockSize + bits.TrailingZeros64(left) + 1
			left &= left - 1
			if wantsName {
				if (i-begin == len(plainTyped) || q.escaped > begin) && isOddName(s[begin:i]) {
					return -1
				}
				if i < len(s) && s[i] != ':' {
					i = skipSpace(s, i)
				}
				if i >= len(s) || s[i] != ':' {
					return -1
				}
				i = behind(s, i)
				wantsName = false
				continue
			}
		case wantsName:
			return -1
		case c-'0' < 10:
			begin := i
			for i++; i < len(s) && s[i]-'0' < 10; i++ {
			}
			if c == '0' || i < len(s) && (s[i] == '.' || s[i]|0x20 == 'e') {
				i = skipNumber(s, begin)
			}
		case c == '{' || c == '[':
			if open >= mostOpen {
				return -1
			}
			open <<= 1
			wantsName = c == '{'
			if wantsName {
				open |= 1
			}
			if i++; i < len(s) && s[i] <= ' ' {
				i = skipSpace(s, i)
			}
			if i < len(s) && s[i] != c+2 {
				continue
			}
		case c == '-':
			i = skipNumber(s, i)
		default:
			i = skipWord(s, i)
		}
		for {
			if open == 1 {
				q.left = left
				return i
			}
			if uint(i) >= uint(len(s)) {
				return -1
			}
			c := s[i]
			if c <= ' ' {
				if i = skipSpace(s, i); i >= len(s) {
					return -1
				}
				c = s[i]
			}
			if c == ',' {
				i = behind(s, i)
				wantsName = open&1 != 0
				break
			}
			if c != ']'+byte(open&1)<<5 {
				return -1
			}
			i++
			open >>= 1
		}
	}
	return -1
}

// isOddName tells whether a name says something about types, or may because it has escapes.
func isOddName(name string) bool { return name == plainTyped || strings.IndexByte(name, '\\') >= 0 }

// behind goes on behind the character at i and what space is there.
func behind(s string, i int) int {
	if i+2 < len(s) && s[i+1] == ' ' && s[i+2] > ' ' {
		return i + 2
	}
	return skipSpace(s, i+1)
}

func skipWord(s string, i int) int {
	for _, word := range [...]string{"null", "true", "false"} {
		if len(s)-i >= len(word) && s[i:i+len(word)] == word {
			return i + len(word)
		}
	}
	return -1
}

// skipNumber gives up where a point or an e has no digit behind it.
func skipNumber(s string, i int) int {
	if s[i] == '-' {
		i++
	}
	begin := i
	i = skipDigits(s, i)
	if i == begin || s[begin] == '0' && i > begin+1 {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		begin = i + 1
		if i = skipDigits(s, begin); i == begin {
			return -1
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		begin = i
		if i = skipDigits(s, begin); i == begin {
			return -1
		}
	}
	return i
}

func skipDigits(s string, i int) int {
	for i < len(s) && s[i]-'0' < 10 {
		i++
	}
	return i
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\r' || s[i] == '\t') {
		i++
	}
	return i
}

// skipPlain returns the first byte from i on that is a quote, a backslash, a control character or beyond ASCII.
func skipPlain(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		w := word(s, i)
		if found := (oddIn(w) | ((w ^ '"'*ones) - ones)) & highs; found != 0 {
			return i + bits.TrailingZeros64(found)/8 // borrows only reach bytes behind the first
		}
	}
	for i < len(s) && plain[s[i]] {
		i++
	}
	return i
}
