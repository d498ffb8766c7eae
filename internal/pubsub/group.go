package pubsub

import "sync"

// Group is the lines of one store. The zero Group is empty and ready.
type Group struct {
	mu     sync.Mutex
	lines  map[*Line]struct{}
	closed bool
}

// Join tells whether the group is still open, and then l belongs to it.
func (g *Group) Join(l *Line) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	if g.lines == nil {
		g.lines = map[*Line]struct{}{}
	}
	g.lines[l] = struct{}{}
	return true
}

// Leave forgets l.
func (g *Group) Leave(l *Line) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.lines, l)
}

// Empty tells whether there are none.
func (g *Group) Empty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.lines) == 0
}

// Lines returns those that there are.
func (g *Group) Lines() []*Line {
	g.mu.Lock()
	defer g.mu.Unlock()
	lines := make([]*Line, 0, len(g.lines))
	for l := range g.lines {
		lines = append(lines, l)
	}
	return lines
}

// Close lets no line join any more, and returns those that there are.
func (g *Group) Close() []*Line {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	return g.Lines()
}
