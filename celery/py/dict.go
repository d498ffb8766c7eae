package py

import (
	"crypto/sha256"
	"iter"
	"math"
	"math/big"
	"slices"
)

// Item is one key of a Dict with its value.
type Item struct{ Key, Value any }

// Dict is a Python dict: it keeps the order in which keys came. Keys are what Python can hash: nil,
// bool, int64, *big.Int, float64, string, []byte, Tuple, Datetime, Date, Time, Decimal, UUID. As in
// Python, 1, 1.0 and True are one key. The zero Dict is empty and ready; it is not safe for
// concurrent changes.
type Dict struct {
	items []Item
	index map[any]int // from the moment there are more than linearUpTo items
}

const linearUpTo = 8 // below, looking at each item is faster than a map

// NewDict is a dict of these items; of two with one key the later wins, at the place of the first.
func NewDict(items ...Item) *Dict {
	d := &Dict{items: make([]Item, 0, len(items))}
	for _, it := range items {
		d.Set(it.Key, it.Value)
	}
	return d
}

// Len is the number of items.
func (d *Dict) Len() int { return len(d.items) }

// Get returns the value under key, and whether there is one.
func (d *Dict) Get(key any) (any, bool) {
	if i := d.find(hash(key)); i >= 0 {
		return d.items[i].Value, true
	}
	return nil, false
}

// Set puts value under key: in its place if the key is there, else at the end.
func (d *Dict) Set(key, value any) {
	h := hash(key)
	if i := d.find(h); i >= 0 {
		d.items[i].Value = value
		return
	}
	d.items = append(d.items, Item{key, value})
	d.note(h)
}

// All ranges over keys and values in order.
func (d *Dict) All() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for _, it := range d.items {
			if !yield(it.Key, it.Value) {
				return
			}
		}
	}
}

// Items is a copy of the items in order.
func (d *Dict) Items() []Item { return slices.Clone(d.items) }

func (d *Dict) find(h any) int {
	if d.index != nil {
		if i, ok := d.index[h]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(d.items, func(it Item) bool { return hash(it.Key) == h })
}

// note enters the item that was just appended.
func (d *Dict) note(h any) {
	switch {
	case d.index != nil:
		d.index[h] = len(d.items) - 1
	case len(d.items) > linearUpTo:
		d.index = make(map[any]int, 2*len(d.items))
		for i, it := range d.items {
			d.index[hash(it.Key)] = i
		}
	}
}

// composite stands for a key that Go cannot compare: the digest of its repr is as good as itself, and takes
// the same room however often a long text stands in the keys.
type composite [sha256.Size]byte

// hash is the same comparable value for keys that Python holds equal.
func hash(key any) any {
	switch k := key.(type) {
	case bool:
		if k {
			return int64(1)
		}
		return int64(0)
	case float64:
		if k == math.Trunc(k) && math.Abs(k) < 1<<62 {
			return int64(k)
		}
		return k
	case int:
		return int64(k)
	case *big.Int:
		return composite(digest(k))
	case nil, int64, string, Datetime, Date, Time, Decimal, UUID, Class:
		return k
	}
	return composite(digest(key))
}
