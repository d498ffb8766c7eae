package serial

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/larder-go/larder/celery/py"
)

const (
	// maxDepth is how deep values may nest; Python's own limit is of that size.
	maxDepth = 1000
	// freeBytes and bytesPerByte bound the memory that reading takes where a byte of the input can
	// stand for a whole value, or an alias for a thousand.
	freeBytes    = 256 << 20
	bytesPerByte = 8
	// freeText and textPerByte bound the text and bytes that references stand for, each reference counted: who prints, copies or
	// stores the value again takes the room for each.
	freeText    = 64 << 20
	textPerByte = 16
	// nodeBytes is what a value takes in its list, and itself where it is small.
	nodeBytes = 48
)

// budget is what reading may still take.
type budget int

func budgetFor(input int) budget { return budget(freeBytes + bytesPerByte*input) }

func textBudgetFor(input int) budget { return budget(freeText + textPerByte*input) }

// textIn is how much a leaf adds to what is made of the value.
func textIn(node any) int {
	switch n := node.(type) {
	case string:
		return len(n)
	case []byte:
		return len(n)
	case py.Decimal:
		return len(n)
	case *big.Int:
		return n.BitLen() / 3
	case py.Class:
		return len(n.Module) + len(n.Name)
	}
	return 0
}

const tooMuch = "it would take too much memory"

// take books n bytes and tells whether they were left.
func (b *budget) take(n int) bool {
	*b -= budget(n)
	return *b >= 0
}

func tooDeep() error { return refuse("nested more than %d deep", maxDepth) }

// unencodable is the error for a node that the format has no form for.
func unencodable(format string, node any) error {
	name := fmt.Sprintf("%T", node)
	return refuse("%s has no form for a %s", format, strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]))
}
