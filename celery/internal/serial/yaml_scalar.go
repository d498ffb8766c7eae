package serial

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/larder-go/larder/celery/internal/pytext"
)

// scalar writes text in the plainest style that reads back as what it is.
func (w *yamlWriter) scalar(tag, text string, style byte, at place) {
	a := analyze(text)
	plainTag := resolve(text) == tag
	switch {
	case style == '|' && a.block && !at.simpleKey:
	case style == '|':
		style = '"'
	case plainTag && a.plain && (!at.simpleKey || (text != "" && !a.multiline)):
		style = 0
	case a.single && (!at.simpleKey || !a.multiline):
		style = '\''
	default:
		style = '"'
	}
	if (style != 0 || !plainTag) && tag != tagStr {
		w.indicator(tag, true, false, false)
	}
	defer w.deeper(true, false)()
	split := !at.simpleKey
	switch style {
	case '|':
		w.literal(text)
	case '\'':
		w.singleQuoted(text, split)
	case '"':
		w.doubleQuoted(text, split)
	default:
		w.plain(text, split, at.root)
	}
}

// analysis is which styles a text may be written in.
type analysis struct{ plain, single, block, multiline bool }

// seen is what an analysis has met.
type seen struct {
	indicators, breaks, special         bool
	leading, trailing, trailingSpace    bool // space or a break at the ends
	breakSpace, spaceBreak              bool // a break before a space, a space before a break
	previousSpace, previousBreak, white bool
}

func analyze(text string) analysis {
	if text == "" {
		return analysis{plain: true, single: true}
	}
	s := seen{white: true, indicators: strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...")}
	for i, r := range text {
		if r == utf8.RuneError { // half a surrogate pair, or U+FFFD itself
			s.special = true
		}
		s.look(text, i, r)
	}
	edges := s.leading || s.trailing
	return analysis{
		plain:     !edges && !s.breakSpace && !s.spaceBreak && !s.special && !s.breaks && !s.indicators,
		single:    !s.breakSpace && !s.spaceBreak && !s.special,
		block:     !s.trailingSpace && !s.spaceBreak && !s.special,
		multiline: s.breaks,
	}
}

// look takes in the character at i.
func (s *seen) look(text string, i int, r rune) {
	next := text[i+runeLen(text[i:]):]
	first, last := i == 0, next == ""
	s.indicators = s.indicators || s.indicator(r, first, last || isWhite(next))
	s.special = s.special || (r != '\n' && (r < 0x20 || r > 0x7e))
	isBreak := r == '\n' || r == 0x85 || r == 0x2028 || r == 0x2029
	s.breaks = s.breaks || isBreak
	if isBreak || r == ' ' {
		s.leading = s.leading || first
		s.trailing = s.trailing || last
	}
	s.trailingSpace = s.trailingSpace || (r == ' ' && last)
	s.breakSpace = s.breakSpace || (r == ' ' && s.previousBreak)
	s.spaceBreak = s.spaceBreak || (isBreak && s.previousSpace)
	s.previousSpace, s.previousBreak = r == ' ', isBreak
	s.white = isWhite(text[i:])
}

// indicator tells whether a character means something to YAML where it stands.
func (s *seen) indicator(r rune, first, whiteNext bool) bool {
	if first && strings.ContainsRune("#,[]{}&*!|>'\"%@`", r) {
		return true
	}
	switch r {
	case '?', '-':
		return first && whiteNext
	case ':':
		return whiteNext
	case '#':
		return s.white
	}
	return false
}

// isWhite tells whether s begins with what ends a word.
func isWhite(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return strings.ContainsRune("\x00 \t\r\n\u0085\u2028\u2029", r)
}

// runeLen is the length of the character, or of the half of a surrogate pair, that s begins with.
func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// runes is the number of characters as Python counts them.
func runes(s string) int { return len(decoded(s)) }

// decoded is the characters of a str.
func decoded(s string) []rune {
	out := make([]rune, 0, len(s))
	for len(s) > 0 {
		r, n := pytext.DecodeRune(s)
		out = append(out, r)
		s = s[n:]
	}
	return out
}

// plain writes text without quotes, broken at single spaces once the line is full.
func (w *yamlWriter) plain(text string, split, root bool) {
	if root {
		w.openEnded = true
	}
	if text == "" {
		return
	}
	if !w.whitespace {
		w.write(" ")
	}
	w.whitespace, w.indention = false, false
	for i, word := range words(text) {
		switch {
		case word[0] != ' ' || i == 0:
			w.write(word)
		case len(word) == 1 && w.column > yamlWidth && split:
			w.writeIndent()
			w.whitespace, w.indention = false, false
		default:
			w.write(word)
		}
	}
}

// words splits text into runs of spaces and what stands between them.
func words(text string) (out []string) {
	for text != "" {
		n := strings.IndexByte(text, ' ')
		if n == 0 {
			n = len(text) - len(strings.TrimLeft(text, " "))
		}
		if n < 0 {
			n = len(text)
		}
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}

// singleQuoted writes text of ASCII and newlines: a newline is written as an empty line more.
func (w *yamlWriter) singleQuoted(text string, split bool) {
	w.indicator("'", true, false, false)
	for i := 0; i < len(text); {
		n := runLen(text[i:])
		run := text[i : i+n]
		switch run[0] {
		case ' ':
			if n == 1 && w.column > yamlWidth && split && i != 0 && i+n != len(text) {
				w.writeIndent()
			} else {
				w.write(run)
			}
		case '\n':
			w.lineBreak()
			for range n {
				w.lineBreak()
			}
			w.writeIndent()
		case '\'':
			w.write("''")
		default:
			w.write(run)
		}
		i += n
	}
	w.indicator("'", false, false, false)
}

// runLen is the length of the run of spaces, of newlines, of others or the one quote at the start.
func runLen(s string) int {
	switch s[0] {
	case ' ', '\n':
		return len(s) - len(strings.TrimLeft(s, s[:1]))
	case '\'':
		return 1
	}
	if n := strings.IndexAny(s, " \n'"); n >= 0 {
		return n
	}
	return len(s)
}

// literal writes text, which ends in one newline, line by line as it is.
func (w *yamlWriter) literal(text string) {
	w.indicator("|", true, false, false)
	w.lineBreak()
	for line := range strings.Lines(text) {
		w.writeIndent()
		w.b = append(w.b, line[:len(line)-1]...)
		w.lineBreak()
	}
}

var yamlEscapes = map[rune]string{
	0: `\0`, '\a': `\a`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\v': `\v`, '\f': `\f`, '\r': `\r`, 0x1b: `\e`,
	'"': `\"`, '\\': `\\`, 0x85: `\N`, 0xa0: `\_`, 0x2028: `\L`, 0x2029: `\P`,
}

func yamlEscape(r rune) string {
	if e, ok := yamlEscapes[r]; ok {
		return e
	}
	switch {
	case r <= 0xff:
		return fmt.Sprintf(`\x%02X`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04X`, r)
	}
	return fmt.Sprintf(`\U%08X`, r)
}

// doubleQuoted writes any text. Once the line is full it is broken, with a backslash, at a space or
// after an escape; a space that begins the next line has a backslash before it.
func (w *yamlWriter) doubleQuoted(s string, split bool) {
	w.indicator(`"`, true, false, false)
	text := decoded(s)
	start := 0
	for end := 0; end <= len(text); end++ {
		isEnd := end == len(text)
		if isEnd || text[end] == '"' || text[end] == '\\' || text[end] < 0x20 || text[end] > 0x7e {
			if start < end {
				w.write(string(text[start:end]))
				start = end
			}
			if !isEnd {
				w.write(yamlEscape(text[end]))
				start = end + 1
			}
		}
		if 0 < end && end < len(text)-1 && (text[end] == ' ' || start >= end) && w.column+(end-start) > yamlWidth && split {
			w.fold(text, &start, end)
		}
	}
	w.indicator(`"`, false, false, false)
}

// fold ends a line of a text in double quotes.
func (w *yamlWriter) fold(text []rune, start *int, end int) {
	if *start < end {
		w.write(string(text[*start:end]))
		*start = end
	}
	w.write(`\`)
	w.writeIndent()
	w.whitespace, w.indention = false, false
	if text[*start] == ' ' {
		w.write(`\`)
	}
}
