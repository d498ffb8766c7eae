package driver

import "sync"

// Sharer is implemented by stores of which several may be open on the same data in this process: what the
// portable side has to know once for all of them (the loads that are under way) is kept in the slot.
type Sharer interface {
	// Slot returns the same slot for all stores on the same data.
	Slot() *Slot
}

// Slot keeps one value. The zero Slot is empty and ready.
type Slot struct {
	once  sync.Once
	value any
}

// Get returns the value; the first call makes it.
func (s *Slot) Get(first func() any) any {
	s.once.Do(func() { s.value = first() })
	return s.value
}
