package celery

import (
	"container/list"
	"sync"
)

// cache keeps what can change no more: tasks in the state SUCCESS, the ones that were used last. A nil
// cache keeps nothing.
type cache struct {
	mu     sync.Mutex
	most   int
	recent *list.List // of *Meta, the one used last in front
	byID   map[string]*list.Element
	epoch  int // how often something was forgotten
}

func newCache(most int) *cache {
	if most <= 0 {
		return nil
	}
	return &cache{most: most, recent: list.New(), byID: map[string]*list.Element{}}
}

func (c *cache) get(id string) *Meta {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byID[id]
	if e == nil {
		return nil
	}
	c.recent.MoveToFront(e)
	m := *e.Value.(*Meta)
	return &m
}

// now is the epoch for a put of what is read from now on.
func (c *cache) now() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch
}

// put keeps m if nothing can change it, and it is what it is stored as; and if nothing was forgotten since
// the epoch at which it began to be read:
//
//	a reader reads the SUCCESS
//	                            Forget deletes it, there and here
//	a reader puts the SUCCESS, which would stay for ever
func (c *cache) put(id string, m *Meta, began int) {
	if c == nil || m.Status != Success || m.TaskID != id {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != began {
		return
	}
	own := *m
	if e := c.byID[id]; e != nil {
		e.Value = &own
		c.recent.MoveToFront(e)
		return
	}
	c.byID[id] = c.recent.PushFront(&own)
	if c.recent.Len() > c.most {
		c.remove(c.recent.Back())
	}
}

// forget is called when what is stored has gone, and not before.
func (c *cache) forget(id string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	if e := c.byID[id]; e != nil {
		c.remove(e)
	}
}

func (c *cache) remove(e *list.Element) {
	c.recent.Remove(e)
	delete(c.byID, e.Value.(*Meta).TaskID)
}
