package faultproxy

import "time"

// Latency holds back each piece of data for d, both requests and replies, so that a round trip takes twice that
// longer. 0 ends it.
func (p *Proxy) Latency(d time.Duration) { p.faults.change(func(s *settings) { s.latency = d }) }

// Refuse closes new connections at once, before anything is forwarded; those that are open go on.
func (p *Proxy) Refuse(on bool) { p.faults.change(func(s *settings) { s.refuse = on }) }

// Freeze lets no byte pass, and lets no connection end: like a network that drops every packet.
func (p *Proxy) Freeze(on bool) { p.faults.change(func(s *settings) { s.freeze = on }) }

// CutAfter resets each connection when n bytes of replies have passed on it: the next byte is not coming. Open
// connections begin to count now. Negative ends it.
func (p *Proxy) CutAfter(n int) {
	p.each(func(l *link) { l.replied.Store(0) })
	p.faults.change(func(s *settings) { s.cutAfter = n })
}

// Truncate drops the last n bytes of the next reply, on whichever connection it comes, and closes that connection. A
// reply is what the target sends in one piece: all of a short one.
func (p *Proxy) Truncate(n int) { p.faults.change(func(s *settings) { s.truncate = n }) }

// Garbage answers the next request with these bytes, on whichever connection it comes, instead of forwarding it.
// The connection stays.
func (p *Proxy) Garbage(reply []byte) {
	p.faults.change(func(s *settings) { s.garbage, s.endless = reply, false })
}

// Endless answers every request with these bytes again and again, without end, until the client hangs up or the
// connection is cut. Without bytes it ends for later requests.
func (p *Proxy) Endless(pattern []byte) {
	p.faults.change(func(s *settings) { s.garbage, s.endless = pattern, len(pattern) > 0 })
}

// Heal ends every fault for good. What is cut stays cut.
func (p *Proxy) Heal() { p.faults.change(func(s *settings) { *s = settings{cutAfter: -1} }) }

// Cut closes all connections that are open now, as a server does that ends. Later ones work.
func (p *Proxy) Cut() { p.each(func(l *link) { l.end(hangUp) }) }

// Reset ends all connections that are open now with an RST, as a server's machine does that was restarted. Later ones
// work.
func (p *Proxy) Reset() { p.each(func(l *link) { l.end(reset) }) }

// Side is one direction of a connection.
type Side int

// The sides of a connection.
const (
	Requests Side = iota // from the client to the target
	Replies              // from the target to the client
)

// HalfClose closes one direction of all connections that are open now: with Requests, the target reads the end of the
// stream and may still reply; with Replies the client reads it and may still send. What is sent the closed way is lost.
func (p *Proxy) HalfClose(side Side) { p.each(func(l *link) { l.halfClose(side) }) }
