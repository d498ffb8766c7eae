package py

import (
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep values may nest; Python's own readers give up a little below it.
const maxDepth = 1000

// scanner checks JSON text by the rules of Python's json.loads, without building anything.
type scanner struct {
	s     string
	pos   int
	slow  bool // something was found that is for value to look at, not for skipValue
	typed bool // a key of an object may be __type__
	high  bool // there are bytes above ASCII
	quotes
}

func (sc *scanner) fail(what string, args ...any) error {
	return malformed("json", sc.pos, what, args...)
}

// document checks the whole text as one value and returns where that value is.
func (sc *scanner) document() (start, end int, err error) {
	sc.space()
	start = sc.pos
	if err := sc.value(0); err != nil {
		return 0, 0, err
	}
	end = sc.pos
	return start, end, sc.finish()
}

// finish checks that nothing but space is left, and that the text is UTF-8.
func (sc *scanner) finish() error {
	sc.space()
	if sc.pos < len(sc.s) {
		return sc.fail("more after the value")
	}
	if sc.high && !utf8.ValidString(sc.s) {
		sc.pos = invalidAt(sc.s)
		return sc.fail("not UTF-8")
	}
	return nil
}

// invalidAt is the offset of the first byte that is not UTF-8.
func invalidAt(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(s)
}

// checkTyped looks at v, which began at start, for typed objects that cannot be read.
func (sc *scanner) checkTyped(v Value, start int) error {
	if !sc.typed || v.compat == Celery52 {
		return nil
	}
	_, err := v.parse()
	if m, ok := err.(*MalformedError); ok {
		m.Offset += start
	}
	return err
}

func (sc *scanner) space() {
	for sc.pos < len(sc.s) {
		switch sc.s[sc.pos] {
		case ' ', '\t', '\n', '\r':
			sc.pos++
		default:
			return
		}
	}
}

// next is the next byte that is not space; 0 at the end.
func (sc *scanner) next() byte {
	sc.space()
	if sc.pos < len(sc.s) {
		return sc.s[sc.pos]
	}
	return 0
}

// value checks the value that begins at pos.
func (sc *scanner) value(depth int) error {
	if !sc.slow {
		if end := sc.skipValue(sc.s, sc.pos); end >= 0 {
			sc.pos = end
			return nil
		}
		sc.slow = true // what contains this value need not be tried again and again
	}
	if sc.pos >= len(sc.s) {
		return sc.fail("cut off: a value is missing")
	}
	switch c := sc.s[sc.pos]; c {
	case '"':
		return sc.str()
	case '{':
		return sc.object(depth)
	case '[':
		return sc.array(depth)
	case 'n':
		return sc.word("null")
	case 't':
		return sc.word("true")
	case 'f':
		return sc.word("false")
	case 'N':
		return sc.word("NaN")
	case 'I':
		return sc.word("Infinity")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return sc.number()
	}
	if strings.HasPrefix(sc.s[sc.pos:], "\ufeff") {
		return sc.fail("a byte order mark")
	}
	return sc.fail("a value is missing, there is %q", sc.s[sc.pos])
}

func (sc *scanner) word(w string) error {
	if !strings.HasPrefix(sc.s[sc.pos:], w) {
		return sc.fail("a word that is not %s", w)
	}
	sc.pos += len(w)
	return nil
}

// number checks an int, a float or -Infinity.
func (sc *scanner) number() error {
	if sc.s[sc.pos] == '-' {
		sc.pos++
		if sc.pos < len(sc.s) && sc.s[sc.pos] == 'I' {
			return sc.word("Infinity")
		}
	}
	if sc.pos < len(sc.s) && sc.s[sc.pos] == '0' {
		sc.pos++
	} else if !sc.digits() {
		return sc.fail("a number without digits")
	}
	sc.fraction()
	return nil
}

// fraction skips what makes a number a float. As in Python, a point or an e that no digit follows
// is not part of the number, and an error to whoever looks for what comes after it.
func (sc *scanner) fraction() {
	end := sc.pos
	if sc.at('.') {
		sc.pos++
		if !sc.digits() {
			sc.pos = end
			return
		}
		end = sc.pos
	}
	if sc.at('e') || sc.at('E') {
		sc.pos++
		if sc.at('+') || sc.at('-') {
			sc.pos++
		}
		if !sc.digits() {
			sc.pos = end
		}
	}
}

func (sc *scanner) at(c byte) bool { return sc.pos < len(sc.s) && sc.s[sc.pos] == c }

// digits skips digits and tells whether there were any.
func (sc *scanner) digits() bool {
	n := digits(sc.s[sc.pos:])
	sc.pos += n
	return n > 0
}

// plain marks the bytes of a string that need no look.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// str checks a string.
func (sc *scanner) str() error {
	s, i := sc.s, sc.pos+1
	for {
		if i = skipPlain(s, i); i == len(s) {
			break
		}
		c := s[i]
		switch {
		case c == '"':
			sc.pos = i + 1
			return nil
		case c >= 0x80:
			sc.high = true
			i++
		case c == '\\':
			n := escapeLen(s[i:])
			if n == 0 {
				sc.pos = i
				return sc.fail("an escape that is none")
			}
			i += n
		default:
			sc.pos = i
			return sc.fail("a control character in a string")
		}
	}
	sc.pos = len(s)
	return sc.fail("cut off within a string")
}

// escapeLen is the length of the escape that s begins with, 0 if it is none.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(s) >= 6 && hexDigits(s[2:6]) {
			return 6
		}
	}
	return 0
}

func hexDigits(s string) bool {
	for i := range len(s) {
		if unhex(s[i]) < 0 {
			return false
		}
	}
	return true
}

// unhex is the value of a hexadecimal digit, -1 of anything else.
func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func (sc *scanner) array(depth int) error {
	return sc.each('[', ']', depth, func() error { return sc.value(depth + 1) })
}

func (sc *scanner) object(depth int) error {
	return sc.each('{', '}', depth, func() error {
		if _, err := sc.key(); err != nil {
			return err
		}
		return sc.value(depth + 1)
	})
}

// each calls one at each element between the brackets.
func (sc *scanner) each(open, end byte, depth int, one func() error) error {
	if depth >= maxDepth {
		return sc.fail("nested more than %d deep", maxDepth)
	}
	sc.pos++
	if sc.next() == end {
		sc.pos++
		return nil
	}
	for {
		if err := one(); err != nil {
			return err
		}
		if last, err := sc.comma(open, end); last || err != nil {
			return err
		}
	}
}

// comma goes on behind an element: to the next one, or behind the bracket after the last.
func (sc *scanner) comma(open, end byte) (last bool, err error) {
	switch c := sc.next(); c {
	case end:
		sc.pos++
		return true, nil
	case ',':
		sc.pos = behind(sc.s, sc.pos)
		return false, nil
	}
	if sc.pos >= len(sc.s) {
		return false, sc.fail("cut off: a %q is open", open)
	}
	return false, sc.fail("a comma or %q is missing, there is %q", end, sc.s[sc.pos])
}

// key checks a key with its colon, stops at the value and returns the key.
func (sc *scanner) key() (string, error) {
	if !sc.at('"') {
		return "", sc.fail("the name of an item is missing")
	}
	if !sc.slow {
		if name, ok := sc.plainKey(); ok {
			return name, nil
		}
	}
	start := sc.pos
	if err := sc.str(); err != nil {
		return "", err
	}
	quoted := sc.s[start:sc.pos]
	sc.typed = sc.typed || isOddName(quoted)
	if sc.next() != ':' {
		return "", sc.fail("a colon is missing")
	}
	sc.pos = behind(sc.s, sc.pos)
	return unquote(quoted), nil
}

// plainKey is key for a name as Celery writes it. ok is false, and nothing is passed, where it is another.
func (sc *scanner) plainKey() (name string, ok bool) {
	s, begin := sc.s, sc.pos
	sc.seek(begin)
	end := sc.text(s)
	if end < 0 {
		sc.slow = true
		return "", false
	}
	if end+2 >= len(s) || s[end] != ':' || s[end+1] != ' ' || s[end+2] <= ' ' || sc.escaped > begin && isOddName(s[begin:end]) {
		return "", false
	}
	sc.typed = sc.typed || s[begin:end] == plainTyped
	sc.pos = end + 2
	return s[begin+1 : end-1], true
}
