package py

// This file is for packages that read or write other formats than JSON; nobody else needs it.

// FromTree is the value of a tree as [Value.Any] describes it, for who reads another format. The
// tree is neither checked nor copied: it must not change any more.
func FromTree(tree any) Value { return valueOf(tree) }

// Tree is Any without the copy, for who writes another format: what it returns must not be changed.
// Parts may be Values, which have trees of their own.
func (v Value) Tree() (any, error) { return v.node() }

// Hashable tells whether a part of a tree may be a key of a Dict: a list, a set and a dict may not, nor may a
// tuple that holds one.
func Hashable(node any) bool {
	switch n := node.(type) {
	case List, Set, *Dict, Value:
		return false
	case Tuple:
		for _, e := range n {
			if !Hashable(e) {
				return false
			}
		}
	}
	return true
}
