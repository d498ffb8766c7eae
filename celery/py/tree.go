package py

import "unicode/utf8"

// Class is a class that stands among the arguments of an exception in a pickle: its name, no more.
type Class struct{ Module, Name string }

// String is Python's repr: <class 'decimal.Decimal'>, without the module where that is builtins.
func (c Class) String() string {
	if c.Module == "builtins" {
		return "<class '" + c.Name + "'>"
	}
	return "<class '" + c.Module + "." + c.Name + "'>"
}

// FromTree is the value of a tree as [Value.Any] describes it, for who reads another format. The
// tree is neither checked nor copied: it must not change any more.
func FromTree(tree any) Value { return valueOf(tree) }

// Tree is Any without the copy, for who writes another format: what it returns must not be changed.
// Parts may be Values, which have trees of their own.
func (v Value) Tree() (any, error) { return v.node() }

// ValidText tells whether s can be a Python str: UTF-8, or else the three bytes of halves of
// surrogate pairs.
func ValidText(s string) bool {
	if utf8.ValidString(s) {
		return true
	}
	for i := 0; i < len(s); {
		r, n := DecodeRune(s[i:])
		if r == utf8.RuneError && n == 1 {
			return false
		}
		i += n
	}
	return true
}
