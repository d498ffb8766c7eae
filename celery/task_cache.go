package celery

import (
	"container/list"
	"sync"
)

// cache keeps what can change no more: tasks in the state SUCCESS, the ones that were used last. A nil cache keeps nothing.
type cache struct {
	mu     sync.Mutex
	most   int
	recent *list.List // of *Meta, the one used last in front
	byID   map[string]*list.Element
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

// put keeps m if nothing can change it, and it is what it is stored as.
func (c *cache) put(id string, m *Meta) {
	if c == nil || m.Status != Success || m.TaskID != id {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
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

func (c *cache) forget(id string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byID[id]; e != nil {
		c.remove(e)
	}
}

func (c *cache) remove(e *list.Element) {
	c.recent.Remove(e)
	delete(c.byID, e.Value.(*Meta).TaskID)
}
