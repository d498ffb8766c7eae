package serial

import (
	"math/big"
	"slices"
)

// The opcodes of pickles that have a place in plain data, as Python's pickletools documents them.
const (
	opMark, opStop, opPop, opPopMark, opDup = '(', '.', '0', '1', '2'

	opNone, opNewtrue, opNewfalse                         = 'N', 0x88, 0x89
	opInt, opLong, opFloat                                = 'I', 'L', 'F' // decimal text
	opBinint, opBinint1, opBinint2, opBinfloat            = 'J', 'K', 'M', 'G'
	opLong1, opLong4                                      = 0x8a, 0x8b
	opString, opBinstring, opShortBinstring               = 'S', 'T', 'U' // str of Python 2
	opUnicode                                             = 'V'
	opShortBinUnicode, opBinUnicode, opBinUnicode8        = 0x8c, 'X', 0x8d
	opShortBinbytes, opBinbytes, opBinbytes8, opBytearray = 'C', 'B', 0x8e, 0x96

	opEmptyList, opList, opAppend, opAppends             = ']', 'l', 'a', 'e'
	opEmptyTuple, opTuple, opTuple1, opTuple2, opTuple3  = ')', 't', 0x85, 0x86, 0x87
	opEmptyDict, opDict, opSetitem, opSetitems           = '}', 'd', 's', 'u'
	opEmptySet, opAddItems, opFrozenSet                  = 0x8f, 0x90, 0x91
	opPut, opBinput, opLongBinput, opMemoize             = 'p', 'q', 'r', 0x94
	opGet, opBinget, opLongBinget                        = 'g', 'h', 'j'
	opGlobal, opStackGlobal, opReduce, opNewobj, opBuild = 'c', 0x93, 'R', 0x81, 'b'
	opProto, opFrame                                     = 0x80, 0x95
)

// twosComplement is n in the fewest bytes, least significant first.
func twosComplement(n *big.Int) []byte {
	if n.Sign() == 0 {
		return nil
	}
	size := n.BitLen()/8 + 1
	if n.Sign() < 0 {
		size = new(big.Int).Not(n).BitLen()/8 + 1
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	data := n.FillBytes(make([]byte, size))
	slices.Reverse(data)
	return data
}

// fromTwosComplement is the int64 or *big.Int of those bytes.
func fromTwosComplement(data string) any {
	b := []byte(data)
	slices.Reverse(b)
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}
