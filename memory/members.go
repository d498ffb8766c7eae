package memory

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/larder-go/larder/driver"
)

// members is what is at the key of a collection: a Value, so that it is evicted, expires and is deleted as any other.
type members struct {
	appended bool
	list     []member // in their order; what is in use is never written again
	weight   int
}

type member struct {
	position float64
	value    string
}

// memberOverhead is what a member weighs beside its bytes.
const memberOverhead = 24

var errMembers = fmt.Errorf("%w: the key holds the members of a collection", driver.ErrCodec)

// Encode fails: members are no value.
func (m *members) Encode() ([]byte, error) { return nil, errMembers }

// Weight returns the bytes of all members.
func (m *members) Weight() int { return m.weight }

// with returns what m is with one more member; or with one that has moved.
func (m *members) with(position float64, value string) *members {
	next := &members{appended: m.appended, list: m.list, weight: m.weight + len(value) + memberOverhead}
	if m.appended {
		next.list = extended(m.list, member{value: value})
		return next
	}
	if i := slices.IndexFunc(m.list, func(old member) bool { return old.value == value }); i >= 0 {
		next.list = slices.Concat(m.list[:i], m.list[i+1:])
		next.weight = m.weight
	}
	next.list = inserted(next.list, member{position, value})
	return next
}

// extended appends in place: the memory behind the end of a list belongs to the one list that follows it.
func extended(list []member, m member) []member { return append(list, m) }

func inserted(list []member, m member) []member {
	i, _ := slices.BinarySearchFunc(list, m, compareMembers)
	if i == len(list) {
		return extended(list, m)
	}
	return slices.Concat(list[:i], []member{m}, list[i:])
}

func compareMembers(a, b member) int {
	return cmp.Or(cmp.Compare(a.position, b.position), cmp.Compare(a.value, b.value))
}
