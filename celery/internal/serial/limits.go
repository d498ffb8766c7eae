package serial

import (
	"fmt"
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
	// nodeBytes is what a value takes in its list, and itself where it is small.
	nodeBytes = 48
)

// budget is what reading may still take.
type budget int

func budgetFor(input int) budget { return budget(freeBytes + bytesPerByte*input) }

// take books n bytes and tells whether they were left.
func (b *budget) take(n int) bool {
	*b -= budget(n)
	return *b >= 0
}

func tooDeep() error { return py.Unencodable("nested more than %d deep", maxDepth) }

// unencodable is the error for a node that the format has no form for.
func unencodable(format string, node any) error {
	name := fmt.Sprintf("%T", node)
	return py.Unencodable("%s has no form for a %s", format, strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]))
}
