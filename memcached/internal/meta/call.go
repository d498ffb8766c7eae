package meta

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
)

// What a Get asks for, to be joined.
const (
	Value   = " v"
	Flags   = " f"
	CAS     = " c"
	TTL     = " t"
	Size    = " s"
	NoTouch = " u" // it does not count as a use, for eviction
)

// Mode is how a Set stores.
type Mode byte

// The modes.
const (
	Always Mode = 0
	Add    Mode = 'E' // only if there is nothing
	Append Mode = 'A' // only to what is there, behind its value; flags and lifetime stay
)

// Item is what a Set stores.
type Item struct {
	Data  []byte
	Flags uint32
	TTL   int64 // as memcached takes it: seconds up to 30 days, else a time; 0: no expiry
	Mode  Mode
	CAS   uint64 // if not 0, only if this is still the item's
	Tell  bool   // the answer is to have the CAS of the new item
}

// states of a call.
const (
	building int32 = iota
	waiting        // for its answers
	answered
	left // its caller has gone
)

// Call is some commands that are sent together, and the answers to them. It is for one goroutine, and for one Do.
type Call struct {
	buf      []byte
	replies  []Reply
	opaque   uint32 // of the first command; the others have the numbers behind it
	next     int    // the first command without an answer
	inValue  bool   // what comes next is the value of the command before that
	got      int    // bytes of it
	shared   []byte // what is left of the memory that small values share
	limit    int    // bytes of the largest value that the server may have; 0: not known
	hidden   int    // replies that are not the caller's: 1 with a guard
	compares bool   // a command has a CAS
	state    atomic.Int32

	// Of a multi-get: see list.go.
	names     []Key
	listFrom  int   // where in buf its first line begins
	firstName int   // the reply of names[0]
	lineKeys  int   // in the lines that have ended
	ends      []int // how many keys each of the other lines has

	ready chan error // gets one error, or nil, when all is answered
}

// opaqueStep is between the numbers of a call and those of the one that uses its memory next.
const opaqueStep = 1 << 13

var calls = sync.Pool{New: func() any {
	return &Call{ready: make(chan error, 1), opaque: rand.Uint32()}
}}

// NewCall returns a call without commands.
func NewCall() *Call { return calls.Get().(*Call) }

// The memory that a call keeps for the next one that uses it.
const (
	keepBytes   = 64 << 10
	keepReplies = 2048
)

// Free gives the call's memory back. The data of replies stays. One whose Do has been left by its context is for the
// garbage collector, because the connection may still write into it.
func (c *Call) Free() {
	if c.state.Load() == left || cap(c.buf) > keepBytes || cap(c.replies) > keepReplies {
		return
	}
	clear(c.replies)
	c.buf, c.replies, c.next, c.shared = c.buf[:0], c.replies[:0], 0, nil
	c.hidden, c.compares = 0, false
	c.names, c.ends, c.lineKeys = nil, c.ends[:0], 0
	c.opaque += opaqueStep
	c.state.Store(building)
	calls.Put(c)
}

// Again makes the call ready to be sent once more, after it has failed.
func (c *Call) Again() {
	for i := range c.replies {
		c.replies[i] = Reply{quiet: c.replies[i].quiet, kind: c.replies[i].kind}
	}
	c.next, c.inValue, c.shared = 0, false, nil
	if c.names != nil {
		c.ends, c.lineKeys = nil, 0
		c.buf, c.replies = c.buf[:c.listFrom], c.replies[:c.firstName]
		c.GetAll(c.names)
	}
}

// Len is how many commands there are, without the guard.
func (c *Call) Len() int { return len(c.replies) - c.hidden }

// Reply is the answer to command i, the guard not counted. It is good until Free.
func (c *Call) Reply(i int) *Reply { return &c.replies[c.hidden+i] }

// Guard begins the call with a look at the CAS of an item that everything else in the call depends on. It comes before all
// other commands.
func (c *Call) Guard(k Key) {
	c.Get(k, CAS)
	c.hidden = 1
}

// Guarded is the answer to the guard; nil without one.
func (c *Call) Guarded() *Reply {
	if c.hidden == 0 {
		return nil
	}
	return &c.replies[0]
}

// Compares tells whether a command depends on an item's CAS, which means nothing to another process of the server.
func (c *Call) Compares() bool { return c.compares }

// Get reads an item: what says what of it.
func (c *Call) Get(k Key, what string) { c.get(k, what, 0, 0); c.end(false) }

// GetQuietly is Get without an answer if there is no such item. It is not the last command of a call.
func (c *Call) GetQuietly(k Key, what string) { c.get(k, what, 0, 0); c.end(true) }

// Touch is Get that gives the item a new lifetime.
func (c *Call) Touch(k Key, what string, ttl int64) { c.get(k, what, 'T', ttl); c.end(false) }

// Vivify is Get that makes an empty item with a lifetime if there is none. Reply.Won tells whether it did.
func (c *Call) Vivify(k Key, what string, ttl int64) { c.get(k, what, 'N', ttl); c.end(false) }

func (c *Call) get(k Key, what string, flag byte, n int64) {
	c.begin("mg ", k)
	c.buf = append(c.buf, what...)
	if flag != 0 {
		c.flag(flag, n)
	}
}

// Set stores an item.
func (c *Call) Set(k Key, it Item) {
	c.begin("ms ", k)
	c.buf = append(c.buf, ' ')
	c.buf = strconv.AppendInt(c.buf, int64(len(it.Data)), 10)
	if it.Flags != 0 {
		c.flag('F', int64(it.Flags))
	}
	if it.TTL != 0 {
		c.flag('T', it.TTL)
	}
	if it.Mode != Always {
		c.buf = append(c.buf, ' ', 'M', byte(it.Mode))
	}
	if it.Tell {
		c.buf = append(c.buf, CAS...)
	}
	c.compare(it.CAS)
	c.end(false)
	c.buf = append(c.buf, it.Data...)
	c.buf = append(c.buf, '\r', '\n')
}

// Delete removes an item; if cas is not 0, only if it is still the item's.
func (c *Call) Delete(k Key, cas uint64) {
	c.begin("md ", k)
	c.compare(cas)
	c.end(false)
}

// Increment adds delta to an item that is a number, and keeps its lifetime. cas is as in Delete. The answer is the sum.
func (c *Call) Increment(k Key, delta, cas uint64) { c.arithmetic(k, "", delta, cas) }

// Decrement is Increment downwards. It stops at 0, and fills the place of digits that are no longer needed with spaces.
func (c *Call) Decrement(k Key, delta, cas uint64) { c.arithmetic(k, " MD", delta, cas) }

func (c *Call) arithmetic(k Key, mode string, delta, cas uint64) {
	c.begin("ma ", k)
	c.buf = append(c.buf, mode...)
	c.buf = append(c.buf, " v D"...)
	c.buf = strconv.AppendUint(c.buf, delta, 10)
	c.compare(cas)
	c.end(false)
}

func (c *Call) begin(command string, k Key) {
	c.buf = append(c.buf, command...)
	c.buf = append(c.buf, k.Space...)
	c.buf = append(c.buf, k.Name...)
}

func (c *Call) flag(f byte, n int64) {
	c.buf = append(c.buf, ' ', f)
	c.buf = strconv.AppendInt(c.buf, n, 10)
}

func (c *Call) compare(cas uint64) {
	if cas != 0 {
		c.compares = true
		c.buf = append(c.buf, ' ', 'C')
		c.buf = strconv.AppendUint(c.buf, cas, 10)
	}
}

// end writes what every command ends with.
func (c *Call) end(quiet bool) {
	if quiet {
		c.buf = append(c.buf, ' ', 'q')
	}
	c.buf = append(c.buf, ' ', 'O')
	c.buf = strconv.AppendUint(c.buf, uint64(c.opaque+uint32(len(c.replies))), 16)
	c.buf = append(c.buf, '\r', '\n')
	c.replies = append(c.replies, Reply{quiet: quiet})
}

// leave tells whether the caller may go: else everything is answered already.
func (c *Call) leave() bool { return c.state.CompareAndSwap(waiting, left) }

// finish hands the call back to its caller, if he has not gone.
func (c *Call) finish(err error) {
	if c.state.CompareAndSwap(waiting, answered) {
		c.ready <- err
	}
}
