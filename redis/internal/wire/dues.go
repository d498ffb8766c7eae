package wire

import (
	"math"
	"strings"
	"sync"
)

// dues are the answers that a connection's server owes, in their order.
type dues struct {
	mu    sync.Mutex
	queue []due
	// subscribed: a SUBSCRIBE has been sent on this connection.
	subscribed bool
	came       int64 // answers, since somebody asked
}

// due is a run of answers of one kind.
type due struct {
	answers  int  // to ordinary commands
	channels int  // what a SUBSCRIBE and the like are answered with: a piece of news for each channel, or an error
	anything bool // UNSUBSCRIBE: as many as there were channels
}

// asked notes a command that is about to be sent, by its name in upper case and the number of its arguments.
func (d *dues) asked(name string, args int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch name {
	case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE":
		d.subscribed = true
		d.queue = append(d.queue, due{channels: args})
	case "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE":
		d.queue = append(d.queue, due{anything: true})
	default:
		d.askedOne()
	}
}

func (d *dues) askedOne() {
	if n := len(d.queue); n > 0 && d.queue[n-1].answers > 0 {
		d.queue[n-1].answers++
		return
	}
	d.queue = append(d.queue, due{answers: 1})
}

// answered notes an ordinary answer. Subscribing is answered with one only if it fails, unsubscribing need not be
// answered at all.
func (d *dues) answered(kind byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.came++
	for len(d.queue) > 0 {
		head := &d.queue[0]
		switch {
		case head.answers > 0:
			if head.answers--; head.answers == 0 {
				d.pop()
			}
			return nil
		case kind == '-':
			d.pop()
			return nil
		case !head.anything:
			return protocolError("a subscription that is not answered as one")
		}
		d.pop()
	}
	return protocolError("an answer that nobody asked for")
}

// told notes a piece of news, by what it is about. Only news of a subscription is an answer too.
func (d *dues) told(about string) error {
	if about != "subscribe" && about != "psubscribe" && about != "ssubscribe" {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.queue) > 0 && d.queue[0].anything {
		d.pop()
	}
	if len(d.queue) == 0 || d.queue[0].channels == 0 {
		return protocolError("a subscription that nobody asked for")
	}
	if d.queue[0].channels--; d.queue[0].channels == 0 {
		d.pop()
	}
	return nil
}

// taken returns how many answers have come since it was called last, or very many if none is due.
func (d *dues) taken() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.came
	d.came = 0
	if len(d.queue) == 0 {
		return math.MaxInt64
	}
	return n
}

// news tells whether a list is news on a connection that speaks RESP2, where it looks like any other list.
func (d *dues) news(about string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.subscribed && (strings.HasSuffix(about, "message") || strings.HasSuffix(about, "subscribe"))
}

// pop keeps the memory: nearly always there is one run, or none.
func (d *dues) pop() { d.queue = append(d.queue[:0], d.queue[1:]...) }
