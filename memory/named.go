package memory

import (
	"fmt"
	"sync"
)

// named are the stores that handles of one name share. They are counted: the last Close drops the data.
var named = registry{spaces: map[string]*space{}}

type registry struct {
	mu     sync.Mutex
	spaces map[string]*space
}

func (r *registry) open(name string, o Options) (*space, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.spaces[name]
	if s == nil {
		s = newSpace(o)
		s.name = name
		r.spaces[name] = s
	}
	if s.maxEntries != o.MaxEntries || s.maxBytes != o.MaxBytes {
		return nil, fmt.Errorf("memory://%s is open already with other limits: %s", name, s.limits())
	}
	s.handles++
	return s, nil
}

func (r *registry) close(s *space) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.handles--; s.handles > 0 {
		return
	}
	if r.spaces[s.name] == s {
		delete(r.spaces, s.name)
	}
	s.drop()
}
