package serial

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/larder-go/larder/celery/internal/pytext"
)

// maxLong is the bytes of the longest int of maxDigits digits.
const maxLong = 1786

// opcodes run what plain data is made of. What is not in here is refused: persistent ids, extension
// codes and instances of Python 2 all name something outside of the pickle.
var opcodes [256]func(u *unpickler) error

func init() {
	constant := func(v any) func(*unpickler) error {
		return func(u *unpickler) error { return u.push(v) }
	}
	integer := func(size uint64, of func(uint64) int64) func(*unpickler) error {
		return func(u *unpickler) error {
			v, err := u.number(size)
			if err != nil {
				return err
			}
			return u.push(of(v))
		}
	}
	text := func(size uint64, push func(*unpickler, string) error) func(*unpickler) error {
		return func(u *unpickler) error {
			s, err := u.counted(size)
			if err != nil {
				return err
			}
			return push(u, s)
		}
	}
	unsigned := func(v uint64) int64 { return int64(v) }
	skip := func(n uint64) func(*unpickler) error {
		return func(u *unpickler) error { _, err := u.number(n); return err }
	}
	numbered := func(size uint64, use func(*unpickler, uint64) error) func(*unpickler) error {
		return func(u *unpickler) error {
			at, err := u.number(size)
			if err != nil {
				return err
			}
			return use(u, at)
		}
	}
	opcodes = [256]func(*unpickler) error{
		opProto: (*unpickler).proto, opFrame: skip(8),
		opMark: (*unpickler).mark, opPop: (*unpickler).drop, opPopMark: (*unpickler).dropMarked, opDup: (*unpickler).dup,
		opNone: constant(nil), opNewtrue: constant(true), opNewfalse: constant(false),
		opInt: (*unpickler).intLine, opLong: (*unpickler).longLine, opFloat: (*unpickler).floatLine,
		opBinint:  integer(4, func(v uint64) int64 { return int64(int32(uint32(v))) }),
		opBinint1: integer(1, unsigned), opBinint2: integer(2, unsigned),
		opBinfloat: (*unpickler).binfloat,
		opLong1:    text(1, (*unpickler).pushLong), opLong4: text(4, (*unpickler).pushLong),
		opString: (*unpickler).stringLine, opUnicode: (*unpickler).unicodeLine,
		opBinstring: text(4, (*unpickler).pushASCII), opShortBinstring: text(1, (*unpickler).pushASCII),
		opShortBinUnicode: text(1, (*unpickler).pushText), opBinUnicode: text(4, (*unpickler).pushText), opBinUnicode8: text(8, (*unpickler).pushText),
		opShortBinbytes: text(1, (*unpickler).pushBytes), opBinbytes: text(4, (*unpickler).pushBytes), opBinbytes8: text(8, (*unpickler).pushBytes),
		opBytearray: text(8, (*unpickler).pushBytes),
		opEmptyList: pushEmpty(opEmptyList), opEmptyTuple: pushEmpty(opEmptyTuple), opEmptySet: pushEmpty(opEmptySet),
		opList: pushMarked(opEmptyList), opTuple: pushMarked(opEmptyTuple), opFrozenSet: pushMarked(opEmptySet),
		opTuple1: pushTuple(1), opTuple2: pushTuple(2), opTuple3: pushTuple(3),
		opAppend: (*unpickler).appendOne, opAppends: extend(opEmptyList), opAddItems: extend(opEmptySet),
		opEmptyDict: (*unpickler).pushDict, opDict: (*unpickler).pushMarkedDict,
		opSetitem: (*unpickler).setOne, opSetitems: (*unpickler).setMany,
		opPut: (*unpickler).putLine, opBinput: numbered(1, (*unpickler).remember), opLongBinput: numbered(4, (*unpickler).remember),
		opMemoize: func(u *unpickler) error { return u.remember(uint64(len(u.memo) + len(u.odd))) },
		opGet:     (*unpickler).getLine, opBinget: numbered(1, (*unpickler).recall), opLongBinget: numbered(4, (*unpickler).recall),
		opGlobal: (*unpickler).globalLines, opStackGlobal: (*unpickler).stackGlobal,
		opReduce: (*unpickler).reduce, opNewobj: (*unpickler).reduce, opBuild: (*unpickler).build,
	}
}

func (u *unpickler) proto() error {
	v, err := u.number(1)
	if err == nil && v > 5 {
		return u.fail("protocol %d is not known", v)
	}
	return err
}

func (u *unpickler) mark() error {
	u.left.take(nodeBytes)
	u.marks = append(u.marks, len(u.stack))
	return nil
}

func (u *unpickler) drop() error {
	if len(u.marks) > 0 && len(u.stack) == u.low() { // as in Python, POP takes a mark too
		return u.dropMarked()
	}
	_, err := u.pop()
	return err
}

func (u *unpickler) dropMarked() error { _, err := u.popMarked(); return err }

func (u *unpickler) dup() error {
	node, err := u.top()
	if err != nil {
		return err
	}
	return u.push(node)
}

func (u *unpickler) binfloat() error {
	arg, err := u.argument(8)
	if err != nil {
		return err
	}
	return u.push(math.Float64frombits(binary.BigEndian.Uint64([]byte(arg))))
}

func (u *unpickler) pushLong(data string) error {
	if len(data) > maxLong {
		return u.fail("an int of more than %d digits", maxDigits)
	}
	n := fromTwosComplement(data)
	if long, ok := n.(*big.Int); ok && tooLong(long) {
		return u.fail("an int of more than %d digits", maxDigits)
	}
	return u.push(n)
}

func (u *unpickler) pushText(s string) error {
	if !pytext.Valid(s) {
		return u.fail("a str that is not UTF-8")
	}
	return u.push(s)
}

// pushASCII pushes a str of Python 2, of which Python 3 takes ASCII only.
func (u *unpickler) pushASCII(s string) error {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return u.fail("a str of Python 2 that is not ASCII")
		}
	}
	return u.push(s)
}

func (u *unpickler) pushBytes(s string) error { return u.push([]byte(s)) }

// line is the argument of the older opcodes: what stands before the next newline.
func (u *unpickler) line() (string, error) {
	n := strings.IndexByte(u.s[u.pos:], '\n')
	if n < 0 {
		return "", u.fail("cut off: a line has no end")
	}
	line := u.s[u.pos : u.pos+n]
	u.pos += n + 1
	return line, nil
}

func (u *unpickler) intLine() error {
	line, err := u.line()
	if err != nil {
		return err
	}
	switch line {
	case "00":
		return u.push(false)
	case "01":
		return u.push(true)
	}
	return u.pushDecimal(line)
}

func (u *unpickler) longLine() error {
	line, err := u.line()
	if err != nil {
		return err
	}
	return u.pushDecimal(strings.TrimSuffix(line, "L"))
}

func (u *unpickler) pushDecimal(text string) error {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return u.push(n)
	}
	if len(text) > maxDigits {
		return u.fail("an int of more than %d digits", maxDigits)
	}
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return u.fail("%.40q is not an int", text)
	}
	return u.push(n)
}

func (u *unpickler) floatLine() error {
	line, err := u.line()
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(line, 64)
	if err != nil && !math.IsInf(f, 0) {
		return u.fail("%.40q is not a float", line)
	}
	return u.push(f)
}

// stringLine reads a str of Python 2 in quotes.
func (u *unpickler) stringLine() error {
	line, err := u.line()
	if err != nil {
		return err
	}
	n := len(line)
	if n < 2 || line[0] != line[n-1] || (line[0] != '\'' && line[0] != '"') || strings.IndexByte(line, '\\') >= 0 {
		return u.fail("a str of Python 2 with escapes, or without quotes")
	}
	return u.pushASCII(line[1 : n-1])
}

// unicodeLine reads text in Latin-1 with \u and \U escapes.
func (u *unpickler) unicodeLine() error {
	line, err := u.line()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for len(line) > 0 {
		size := 1
		r := rune(line[0])
		if strings.HasPrefix(line, `\u`) || strings.HasPrefix(line, `\U`) {
			size = map[byte]int{'u': 6, 'U': 10}[line[1]]
			v, err := strconv.ParseUint(line[2:min(size, len(line))], 16, 32)
			if err != nil || size > len(line) || v > 0x10ffff {
				return u.fail("an escape that is none")
			}
			r = rune(v)
		}
		b.Write(pytext.AppendRune(nil, r))
		line = line[size:]
	}
	return u.push(b.String())
}

func (u *unpickler) putLine() error { return u.lineNumber(u.remember) }

func (u *unpickler) getLine() error { return u.lineNumber(u.recall) }

func (u *unpickler) lineNumber(use func(uint64) error) error {
	line, err := u.line()
	if err != nil {
		return err
	}
	at, err := strconv.ParseUint(line, 10, 32)
	if err != nil {
		return u.fail("%.40q is not a number", line)
	}
	return use(at)
}
