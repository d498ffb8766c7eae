package serial

import (
	"github.com/larder-go/larder/celery/py"
)

// unpickler runs the opcodes of a pickle on a stack of data. Lists, sets and dicts are there by
// reference, as a pickle may fill them after it has put them somewhere else.
type unpickler struct {
	s     string
	pos   int
	at    int // where the opcode stands that is being run
	stack []any
	marks []int // heights of the stack
	memo  []any
	odd   map[uint64]any // what is remembered under numbers that are not the next one
	left  budget
	text  budget // for what is made of texts that may be references
}

type (
	// sequence is a list, tuple or set that is being made.
	sequence struct {
		kind  byte // the opcode of an empty one
		elems []any
	}
	// mapping is a dict that is being made.
	mapping struct{ items []py.Item }
	// instance is an exception, or a UUID, that is being made.
	instance struct {
		class py.Class
		args  *sequence
		state any
	}
)

// unpickle is the tree that a pickle holds.
func unpickle(data []byte) (any, error) {
	u := unpickler{s: string(data), left: budgetFor(len(data)), text: textBudgetFor(len(data))}
	for u.pos < len(u.s) {
		u.at = u.pos
		code := u.s[u.pos]
		u.pos++
		if code == opStop {
			return u.finish()
		}
		run := opcodes[code]
		if run == nil {
			return nil, u.fail("opcode %#02x, which is none of plain data", code)
		}
		if err := run(&u); err != nil {
			return nil, err
		}
		if u.left < 0 || u.text < 0 {
			return nil, u.fail(tooMuch)
		}
	}
	u.at = u.pos
	return nil, u.fail("cut off")
}

func (u *unpickler) fail(what string, args ...any) error {
	return malformed("pickle", u.at, what, args...)
}

func (u *unpickler) finish() (any, error) {
	if len(u.stack) != 1 || len(u.marks) != 0 {
		return nil, u.fail("%d values are left at the end, not one", len(u.stack))
	}
	if u.pos != len(u.s) {
		u.at = u.pos
		return nil, u.fail("more after the value")
	}
	t := thawer{left: u.left, text: textBudgetFor(len(u.s)), done: map[any]thawed{}}
	node, what := t.node(u.stack[0], 0)
	if what != "" {
		return nil, u.fail("%s", what)
	}
	return node, nil
}

func (u *unpickler) push(node any) error {
	u.left.take(nodeBytes)
	u.stack = append(u.stack, node)
	return nil
}

// low is the height below which the stack belongs to an outer mark.
func (u *unpickler) low() int {
	if len(u.marks) == 0 {
		return 0
	}
	return u.marks[len(u.marks)-1]
}

func (u *unpickler) pop() (any, error) {
	if len(u.stack) <= u.low() {
		return nil, u.fail("the stack is empty")
	}
	node := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return node, nil
}

func (u *unpickler) top() (any, error) {
	if len(u.stack) <= u.low() {
		return nil, u.fail("the stack is empty")
	}
	return u.stack[len(u.stack)-1], nil
}

// popMarked takes what stands above the last mark. It is good until the next push.
func (u *unpickler) popMarked() ([]any, error) {
	if len(u.marks) == 0 {
		return nil, u.fail("there is no mark")
	}
	low := u.low()
	u.marks = u.marks[:len(u.marks)-1]
	elems := u.stack[low:]
	u.stack = u.stack[:low]
	return elems, nil
}

// argument is the next n bytes.
func (u *unpickler) argument(n uint64) (string, error) {
	if n > uint64(len(u.s)-u.pos) {
		return "", u.fail("cut off: %d bytes are announced, %d are left", n, len(u.s)-u.pos)
	}
	arg := u.s[u.pos : u.pos+int(n)]
	u.pos += int(n)
	return arg, nil
}

// number is the next n bytes as a number, least significant first.
func (u *unpickler) number(n uint64) (uint64, error) {
	arg, err := u.argument(n)
	var v uint64
	for i := len(arg) - 1; i >= 0; i-- {
		v = v<<8 | uint64(arg[i])
	}
	return v, err
}

// counted is bytes whose length stands before them in n bytes.
func (u *unpickler) counted(n uint64) (string, error) {
	size, err := u.number(n)
	if err != nil {
		return "", err
	}
	return u.argument(size)
}

// remember puts the top of the stack under a number.
func (u *unpickler) remember(at uint64) error {
	node, err := u.top()
	if err != nil {
		return err
	}
	u.left.take(nodeBytes)
	switch next := uint64(len(u.memo)); {
	case at == next && u.odd[at] == nil:
		u.memo = append(u.memo, node)
	case at < next:
		u.memo[at] = node
	default:
		if u.odd == nil {
			u.odd = map[uint64]any{}
		}
		u.left.take(nodeBytes)
		u.odd[at] = node
	}
	return nil
}

// recall pushes what stands under a number.
func (u *unpickler) recall(at uint64) error {
	if at < uint64(len(u.memo)) {
		return u.push(u.memo[at])
	}
	node, ok := u.odd[at]
	if !ok {
		return u.fail("nothing is remembered under %d", at)
	}
	return u.push(node)
}
