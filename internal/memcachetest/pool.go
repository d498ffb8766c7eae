package memcachetest

import (
	"sync"
	"testing"
)

// Pool has servers for tests that run side by side, each with some of its own: to start one for each test takes longer than to empty it.
type Pool struct {
	opts []Option

	mu   sync.Mutex
	free []*Server
	stop []func()
}

// NewPool makes a pool whose servers are started with opts, as they are needed.
func NewPool(opts ...Option) *Pool { return &Pool{opts: opts} }

// Take gives a test n empty servers until its end.
func (p *Pool) Take(tb testing.TB, n int) []*Server {
	tb.Helper()
	servers := make([]*Server, n)
	for i := range servers {
		s, err := p.take()
		if err == nil {
			err = s.Flush()
		}
		if err != nil {
			tb.Fatalf("memcachetest: %v", err)
		}
		servers[i] = s
		tb.Cleanup(func() { p.give(s) })
	}
	return servers
}

func (p *Pool) take() (*Server, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.free) - 1; last >= 0 {
		s := p.free[last]
		p.free = p.free[:last]
		return s, nil
	}
	s, stop, err := StartMain(p.opts...)
	if err == nil {
		p.stop = append(p.stop, stop)
	}
	return s, err
}

func (p *Pool) give(s *Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, s)
}

// Stop ends all servers.
func (p *Pool) Stop() {
	for _, stop := range p.stop {
		stop()
	}
}
