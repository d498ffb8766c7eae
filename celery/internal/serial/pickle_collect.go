package serial

import (
	"slices"

	"github.com/larder-go/larder/celery/py"
)

func pushEmpty(kind byte) func(*unpickler) error {
	return func(u *unpickler) error { return u.pushSequence(kind, nil) }
}

func pushMarked(kind byte) func(*unpickler) error {
	return func(u *unpickler) error {
		elems, err := u.popMarked()
		if err != nil {
			return err
		}
		return u.pushSequence(kind, slices.Clone(elems))
	}
}

func pushTuple(n int) func(*unpickler) error {
	return func(u *unpickler) error {
		if len(u.stack)-u.low() < n {
			return u.fail("the stack is empty")
		}
		elems := slices.Clone(u.stack[len(u.stack)-n:])
		u.stack = u.stack[:len(u.stack)-n]
		return u.pushSequence(opEmptyTuple, elems)
	}
}

func (u *unpickler) pushSequence(kind byte, elems []any) error {
	u.left.take(nodeBytes * (1 + len(elems)))
	return u.push(&sequence{kind, elems})
}

// appendOne appends to a list.
func (u *unpickler) appendOne() error {
	node, err := u.pop()
	if err != nil {
		return err
	}
	return u.extend(opEmptyList, []any{node})
}

// extend appends what is marked to the list or set below it.
func extend(kind byte) func(*unpickler) error {
	return func(u *unpickler) error {
		elems, err := u.popMarked()
		if err != nil {
			return err
		}
		return u.extend(kind, elems)
	}
}

func (u *unpickler) extend(kind byte, elems []any) error {
	node, err := u.top()
	if err != nil {
		return err
	}
	s, ok := node.(*sequence)
	if !ok || s.kind != kind {
		return u.fail("items for a list or set that is none")
	}
	u.left.take(nodeBytes * len(elems))
	s.elems = append(s.elems, elems...)
	return nil
}

func (u *unpickler) pushDict() error {
	u.left.take(nodeBytes)
	return u.push(&mapping{})
}

func (u *unpickler) pushMarkedDict() error {
	elems, err := u.popMarked()
	if err != nil {
		return err
	}
	pairs := slices.Clone(elems)
	if err := u.pushDict(); err != nil {
		return err
	}
	return u.setItems(pairs)
}

func (u *unpickler) setOne() error {
	value, err := u.pop()
	if err != nil {
		return err
	}
	key, err := u.pop()
	if err != nil {
		return err
	}
	return u.setItems([]any{key, value})
}

func (u *unpickler) setMany() error {
	elems, err := u.popMarked()
	if err != nil {
		return err
	}
	return u.setItems(elems)
}

func (u *unpickler) setItems(pairs []any) error {
	node, err := u.top()
	if err != nil {
		return err
	}
	m, ok := node.(*mapping)
	if !ok || len(pairs)%2 != 0 {
		return u.fail("items for a dict that is none, or a key without a value")
	}
	u.left.take(nodeBytes * len(pairs))
	for i := 0; i < len(pairs); i += 2 {
		m.items = append(m.items, py.Item{Key: pairs[i], Value: pairs[i+1]})
	}
	return nil
}
