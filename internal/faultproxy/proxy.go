package faultproxy

import (
	"net"
	"sync"
	"testing"
	"time"
)

// dialLimit is how long the target may take to accept.
const dialLimit = 5 * time.Second

// Proxy listens on the loopback and forwards to its target.
type Proxy struct {
	network, target string
	listener        net.Listener
	faults          *faults
	running         sync.WaitGroup

	mu     sync.Mutex
	closed bool
	links  map[*link]bool
	total  int
}

// New starts a proxy for a target, such as "tcp", "127.0.0.1:6379" or "unix", "/run/redis.sock". It listens on TCP in
// either case. When the test is over it closes everything, and waits until its goroutines have ended.
func New(tb testing.TB, network, target string) *Proxy {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("faultproxy: %v", err)
	}
	p := &Proxy{network: network, target: target, listener: listener, faults: newFaults(), links: map[*link]bool{}}
	p.running.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// Addr is the host:port where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Connections is how many connections are open now.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Accepted is how many connections there were until now, the refused ones not counted.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.total
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.running.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	if p.faults.get().refuse {
		_ = client.Close()
		return
	}
	server, err := net.DialTimeout(p.network, p.target, dialLimit)
	if err != nil {
		_ = client.Close()
		return
	}
	l := newLink(p.faults, client, server)
	if p.add(l) {
		l.run()
	}
	p.remove(l)
	l.end(hangUp)
}

// add tells whether the link may run: the proxy may have been closed, or may refuse, since it was accepted.
func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.faults.get().refuse {
		return false
	}
	p.links[l] = true
	p.total++
	return true
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// each does something with every link that is open now, and returns when all is done.
func (p *Proxy) each(do func(*link)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		do(l)
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Cut()
	p.running.Wait()
}
