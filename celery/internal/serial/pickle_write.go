package serial

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"unicode/utf8"
	"unsafe"

	"github.com/larder-go/larder/celery/py"
)

const (
	pickleBatch = 1000      // items that one APPENDS or SETITEMS takes
	frameTarget = 64 * 1024 // a frame ends after the value that reaches it
	frameLeast  = 4         // bytes that are worth a frame
	frameHeader = 9
)

// pickler writes protocol 4 as CPython's C implementation does, byte for byte. Like that it gives a
// number to each object, and refers to it where the same object comes again: here, what lies in the
// same memory, and strings and bytes of at most one character, of which CPython has one each.
type pickler struct {
	b     []byte
	frame int            // where the header of the open frame stands, -1 if none is open
	memos int            // numbers given so far
	memo  map[any]uint32 // of what may be referred to again
}

// memory is where a value lies, and of which kind it is: the same for the same object.
type memory struct {
	kind byte
	data unsafe.Pointer
	n    int
}

// memoryOf is that of a list or tuple, which have different kinds; nil for an empty one.
func memoryOf(kind byte, elems []any) any {
	if len(elems) == 0 {
		return nil
	}
	return memory{kind, unsafe.Pointer(unsafe.SliceData(elems)), len(elems)}
}

// single is a bytes object of at most one byte.
type single string

func pickled(v py.Value) ([]byte, error) {
	p := pickler{frame: -1, memo: map[any]uint32{}}
	p.b = append(p.b, opProto, 4)
	if err := p.save(v, 0); err != nil {
		return nil, err
	}
	p.op(opStop)
	p.closeFrame()
	return p.b, nil
}

// op appends an opcode and its argument to the open frame, and opens one if none is.
func (p *pickler) op(code byte, arg ...byte) {
	if p.frame < 0 {
		p.frame = len(p.b)
		p.b = append(p.b, make([]byte, frameHeader)...)
	}
	p.b = append(append(p.b, code), arg...)
}

// closeFrame writes the length of the open frame, or takes its header out where it holds too little.
func (p *pickler) closeFrame() {
	if p.frame < 0 {
		return
	}
	n := len(p.b) - p.frame - frameHeader
	if n < frameLeast {
		p.b = slices.Delete(p.b, p.frame, p.frame+frameHeader)
	} else {
		p.b[p.frame] = opFrame
		binary.LittleEndian.PutUint64(p.b[p.frame+1:], uint64(n))
	}
	p.frame = -1
}

// boundary ends a frame that is full: it is called before each value.
func (p *pickler) boundary() {
	if p.frame >= 0 && len(p.b)-p.frame-frameHeader >= frameTarget {
		p.closeFrame()
	}
}

// memoize numbers the value that was written last; key, if it is not nil, finds it again.
func (p *pickler) memoize(key any) {
	if key != nil {
		p.memo[key] = uint32(p.memos)
	}
	p.memos++
	p.op(opMemoize)
}

// again refers to the value of that key if it has been written.
func (p *pickler) again(key any) bool {
	at, known := p.memo[key]
	switch {
	case !known:
		return false
	case at < 256:
		p.op(opBinget, byte(at))
	default:
		p.op(opLongBinget, binary.LittleEndian.AppendUint32(nil, at)...)
	}
	return true
}

func (p *pickler) save(node any, depth int) error {
	p.boundary()
	switch n := node.(type) {
	case py.Value:
		tree, err := n.Tree()
		if err != nil {
			return refuse("%v", err)
		}
		return p.save(tree, depth)
	case nil:
		p.op(opNone)
	case bool:
		p.bool(n)
	case int64:
		p.int(n)
	case *big.Int:
		p.long(n)
	case float64:
		p.op(opBinfloat, binary.BigEndian.AppendUint64(nil, math.Float64bits(pythonFloat(n)))...)
	case string:
		p.str(n, identity(n))
	case []byte:
		p.bytes(n)
	case py.Decimal, py.UUID, py.Date, py.Time, py.Datetime:
		p.object(n)
	default:
		return p.container(node, depth)
	}
	return nil
}

func (p *pickler) bool(v bool) {
	if v {
		p.op(opNewtrue)
	} else {
		p.op(opNewfalse)
	}
}

func (p *pickler) int(n int64) {
	switch {
	case n >= 0 && n <= math.MaxUint8:
		p.op(opBinint1, byte(n))
	case n >= 0 && n <= math.MaxUint16:
		p.op(opBinint2, binary.LittleEndian.AppendUint16(nil, uint16(n))...)
	case n >= math.MinInt32 && n <= math.MaxInt32:
		p.op(opBinint, binary.LittleEndian.AppendUint32(nil, uint32(int32(n)))...)
	default:
		p.long(big.NewInt(n))
	}
}

// long writes the fewest bytes of two's complement.
func (p *pickler) long(n *big.Int) {
	data := twosComplement(n)
	if len(data) < 256 {
		p.op(opLong1, append([]byte{byte(len(data))}, data...)...)
		return
	}
	p.op(opLong4, append(binary.LittleEndian.AppendUint32(nil, uint32(len(data))), data...)...)
}

// identity is a key that is the same for strings that are one object in CPython.
func identity(s string) any {
	if len(s) <= 2 && utf8.RuneCountInString(s) <= 1 {
		if r, _ := utf8.DecodeRuneInString(s); r < 256 || s == "" {
			return s
		}
	}
	return memory{opShortBinUnicode, unsafe.Pointer(unsafe.StringData(s)), len(s)}
}

func (p *pickler) str(s string, key any) {
	p.boundary()
	if p.again(key) {
		return
	}
	p.sized(s, opShortBinUnicode, opBinUnicode, opBinUnicode8)
	p.memoize(key)
}

func (p *pickler) bytes(data []byte) {
	key := any(single(data))
	if len(data) > 1 {
		key = memory{opShortBinbytes, unsafe.Pointer(unsafe.SliceData(data)), len(data)}
	}
	if p.again(key) {
		return
	}
	p.sized(string(data), opShortBinbytes, opBinbytes, opBinbytes8)
	p.memoize(key)
}

// sized writes text or bytes under the opcode that has room for the length. What would fill a frame
// stands outside of frames.
func (p *pickler) sized(data string, short, long, huge byte) {
	var header []byte
	switch n := len(data); {
	case n <= math.MaxUint8:
		header = []byte{short, byte(n)}
	case n <= math.MaxUint32:
		header = binary.LittleEndian.AppendUint32([]byte{long}, uint32(n))
	default:
		header = binary.LittleEndian.AppendUint64([]byte{huge}, uint64(n))
	}
	if len(data) >= frameTarget {
		p.closeFrame()
		p.b = append(append(p.b, header...), data...)
		return
	}
	p.op(header[0], header[1:]...)
	p.b = append(p.b, data...)
}

// container writes what holds other values.
func (p *pickler) container(node any, depth int) error {
	if depth >= maxDepth {
		return tooDeep()
	}
	switch n := node.(type) {
	case py.List:
		key := memoryOf(opEmptyList, n)
		if p.again(key) {
			return nil
		}
		p.op(opEmptyList)
		p.memoize(key)
		return p.batches(len(n), opAppend, opAppends, func(i int) error { return p.save(n[i], depth+1) })
	case py.Set:
		p.op(opEmptySet)
		p.memoize(nil)
		return p.batches(len(n), 0, opAddItems, func(i int) error { return p.save(n[i], depth+1) })
	case *py.Dict:
		if p.again(n) {
			return nil
		}
		p.op(opEmptyDict)
		p.memoize(n)
		items := n.Items()
		return p.batches(len(items), opSetitem, opSetitems, func(i int) error {
			if err := p.save(items[i].Key, depth+1); err != nil {
				return err
			}
			return p.save(items[i].Value, depth+1)
		})
	case py.Tuple:
		return p.tuple(n, depth)
	}
	return unencodable("pickle", node)
}

// batches writes n items in batches; a lone item goes by the opcode one, where there is such. After
// batches that are all full CPython writes an empty one, but not for lists.
func (p *pickler) batches(n int, one, many byte, item func(i int) error) error {
	if n == 1 && one != 0 {
		if err := item(0); err != nil {
			return err
		}
		p.op(one)
		return nil
	}
	more := func(from int) bool { return from < n || (from == n && n > 0 && many != opAppends) }
	for from := 0; more(from); from += pickleBatch {
		p.op(opMark)
		for i := from; i < min(from+pickleBatch, n); i++ {
			if err := item(i); err != nil {
				return err
			}
		}
		p.op(many)
	}
	return nil
}

func (p *pickler) tuple(elems py.Tuple, depth int) error {
	key := memoryOf(opEmptyTuple, elems)
	if p.again(key) {
		return nil
	}
	codes := []byte{opEmptyTuple, opTuple1, opTuple2, opTuple3, opTuple}
	size := min(len(elems), len(codes)-1)
	if codes[size] == opTuple {
		p.op(opMark)
	}
	for _, e := range elems {
		if err := p.save(e, depth+1); err != nil {
			return err
		}
	}
	p.op(codes[size])
	if size > 0 {
		p.memoize(key)
	}
	return nil
}
