package py

import (
	"math/bits"
)

// This file finds where the texts in JSON end, 64 bytes at a time and without a branch for each byte: what a
// result takes to read is mostly this.

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones

	blockSize = 64
)

// quotes goes through text block by block. The zero value is before its first byte.
type quotes struct {
	left    uint64 // the quotes of the block that have not been passed, the first byte's in the lowest bit
	end     int    // of the block
	escaped int    // the end of the last escape
}

// seek goes on to i, which is not within a text. The texts before it have been passed, or it is beyond the
// block.
func (q *quotes) seek(i int) {
	if i >= q.end {
		q.left, q.end, q.escaped = 0, i, i
	}
}

// text passes the next text, and returns its end; -1 if it does not end, or has something in it that is not
// for us.
func (q *quotes) text(s string) int {
	if q.left == 0 {
		q.left = q.next(s)
	}
	if q.left &= q.left - 1; q.left == 0 {
		q.left = q.next(s)
	}
	if q.left == 0 {
		return -1
	}
	i := q.end - blockSize + bits.TrailingZeros64(q.left) + 1
	q.left &= q.left - 1
	return i
}

// next goes on to the next block that has quotes, and returns them; none at the end of the text, or before
// something that is not for us: a control character, a byte beyond ASCII, an escape that is none.
func (q *quotes) next(s string) uint64 {
	for q.end < len(s) {
		begin := q.end
		q.end += blockSize
		found, odd := quotesAt(s, begin)
		if (odd || q.escaped > begin) && !q.escapes(s, begin, &found) {
			break
		}
		if found != 0 {
			return found
		}
	}
	q.end = max(q.end, len(s))
	return 0
}

// escapes checks the escapes in the block, and takes their quotes out of those that were found.
func (q *quotes) escapes(s string, begin int, found *uint64) bool {
	if q.escaped > begin {
		*found &= ^uint64(0) << (q.escaped - begin)
	}
	marks, bad := backslashesAt(s, begin)
	ok := !bad
	for ; marks != 0 && ok; marks &= marks - 1 {
		i := bits.TrailingZeros64(marks)
		if begin+i < q.escaped {
			continue // the second of two
		}
		n := escapeLen(s[begin+i:])
		ok = n > 0
		q.escaped = begin + i + n
		*found &^= 2 << i
	}
	return ok
}

// quotesAt returns where the quotes are in the 64 bytes from begin on, or in what there is of them, and
// whether there is anything else that a text does not hold as it is.
func quotesAt(s string, begin int) (found uint64, odd bool) {
	if begin+blockSize <= len(s) {
		return quotesIn(s[begin : begin+blockSize])
	}
	if last := len(s) - blockSize; last >= 0 { // a whole block that ends there
		found, odd = quotesIn(s[last:])
		return found >> (begin - last), odd
	}
	for i, c := range []byte(s[begin:]) {
		if c == '"' {
			found |= 1 << i
		}
		odd = odd || !plain[c] && c != '"'
	}
	return found, odd
}

// quotesIn looks at a block, eight bytes at a time.
func quotesIn(block string) (found uint64, odd bool) {
	block = block[:blockSize]
	a, b, c, d := word(block, 0), word(block, 8), word(block, 16), word(block, 24)
	found = marked(a, '"') | marked(b, '"')<<8 | marked(c, '"')<<16 | marked(d, '"')<<24
	strange := oddIn(a) | oddIn(b) | oddIn(c) | oddIn(d)
	a, b, c, d = word(block, 32), word(block, 40), word(block, 48), word(block, 56)
	found |= marked(a, '"')<<32 | marked(b, '"')<<40 | marked(c, '"')<<48 | marked(d, '"')<<56
	strange |= oddIn(a) | oddIn(b) | oddIn(c) | oddIn(d)
	return found, strange&highs != 0
}

// backslashesAt returns where the backslashes are in the same bytes, and whether there is a control character
// or a byte beyond ASCII.
func backslashesAt(s string, begin int) (found uint64, bad bool) {
	s = s[begin:min(begin+blockSize, len(s))]
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := word(s, i)
		found |= marked(w, '\\') << i
		bad = bad || (w|(w-0x20*ones))&highs != 0
	}
	for ; i < len(s); i++ {
		if s[i] == '\\' {
			found |= 1 << i
		}
		bad = bad || s[i] < 0x20 || s[i] >= 0x80
	}
	return found, bad
}

// word is eight bytes, the first one lowest.
func word(s string, i int) uint64 {
	b := s[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// marked has a bit for each byte of an ASCII word, set where it is c. The subtraction leaves the highest bit
// of those bytes alone that are zero; the product moves that of the n-th byte to the n-th bit of the highest
// byte: the factor's bits are seven apart, so that no two of the sums meet.
func marked(w uint64, c byte) uint64 {
	return (highs - (w ^ uint64(c)*ones)) & highs * 0x0002040810204081 >> 56
}

// oddIn has the highest bit of some byte set if the word has a control character, a backslash or a byte
// beyond ASCII, and of none if it has not. (S. Anderson, Bit Twiddling Hacks, "Determine if a word has a byte
// less than n".)
func oddIn(w uint64) uint64 {
	return w | (w - 0x20*ones) | ((w ^ '\\'*ones) - ones)
}
