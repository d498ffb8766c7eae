package py

import "math/bits"

// This file finds the end of a value in text that is as Celery writes it: JSON, in ASCII, a space here and there. It gives up at
// anything else, for the scanner to look at slowly: text beyond ASCII, names with escapes, NaN, and every mistake. The two agree on
// what is sound; only the scanner tells what is wrong.

// plainTyped is the name that kombu marks typed objects with.
const plainTyped = `"__type__"`

// skipValue returns the end of the value that begins at i, or -1.
func skipValue(s string, i, depth int) int {
	if i >= len(s) {
		return -1
	}
	switch c := s[i]; {
	case c == '"':
		return skipString(s, i)
	case c == '{':
		return skipObject(s, i, depth)
	case c == '[':
		return skipArray(s, i, depth)
	case c == '-' || c-'0' < 10:
		return skipNumber(s, i)
	}
	return skipWord(s, i)
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

func skipArray(s string, i, depth int) int {
	if depth >= maxDepth {
		return -1
	}
	if i = skipSpace(s, i+1); i < len(s) && s[i] == ']' {
		return i + 1
	}
	for {
		i = skipValue(s, i, depth+1)
		if i < 0 {
			return -1
		}
		var last bool
		if i, last = skipComma(s, i, ']'); i < 0 || last {
			return i
		}
	}
}

func skipObject(s string, i, depth int) int {
	if depth >= maxDepth {
		return -1
	}
	if i = skipSpace(s, i+1); i < len(s) && s[i] == '}' {
		return i + 1
	}
	for {
		i = skipName(s, i)
		if i < 0 {
			return -1
		}
		if i = skipValue(s, i, depth+1); i < 0 {
			return -1
		}
		var last bool
		if i, last = skipComma(s, i, '}'); i < 0 || last {
			return i
		}
	}
}

// skipComma goes on behind a value: to the next one, or behind the bracket that ends them all.
func skipComma(s string, i int, end byte) (at int, last bool) {
	if i+1 < len(s) && s[i] == ',' && s[i+1] == ' ' && i+2 < len(s) && s[i+2] > ' ' {
		return i + 2, false
	}
	i = skipSpace(s, i)
	switch {
	case i >= len(s):
		return -1, false
	case s[i] == end:
		return i + 1, true
	case s[i] == ',':
		return skipSpace(s, i+1), false
	}
	return -1, false
}

// skipName returns where the value behind a name begins. A name that says something about types, or may, is for the scanner.
func skipName(s string, i int) int {
	if i >= len(s) || s[i] != '"' {
		return -1
	}
	end := skipPlain(s, i+1)
	if end >= len(s) || s[end] != '"' {
		return -1
	}
	if end-i+1 == len(plainTyped) && s[i:end+1] == plainTyped {
		return -1
	}
	i = skipSpace(s, end+1)
	if i >= len(s) || s[i] != ':' {
		return -1
	}
	return skipSpace(s, i+1)
}

func skipString(s string, i int) int {
	for i++; ; {
		i = skipPlain(s, i)
		switch {
		case i >= len(s):
			return -1
		case s[i] == '"':
			return i + 1
		case s[i] != '\\':
			return -1
		}
		n := escapeLen(s[i:])
		if n == 0 {
			return -1
		}
		i += n
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// skipPlain returns the first byte from i on that is a quote, a backslash, a control character or beyond ASCII. It looks at eight
// bytes at a time: a subtraction sets the highest bit of those that are looked for, and possibly of some behind the first of them.
// (S. Anderson, Bit Twiddling Hacks, "Determine if a word has a zero byte".)
func skipPlain(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		found := (w | (w - 0x20*ones) | ((w ^ '"'*ones) - ones) | ((w ^ '\\'*ones) - ones)) & highs
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(s) && plain[s[i]] {
		i++
	}
	return i
}
