package meta

import (
	"bytes"
	"errors"
	"fmt"
)

// longestLine is how long the first line of an answer may be. Opaque, flags and numbers need a fifth of it.
const longestLine = 1 << 10

// The memory that values are read into.
const (
	firstPiece = 1 << 20  // of a large one, before any of it has come
	sharedRoom = 16 << 10 // for the small ones of a large call, at once
	sharedMost = 1 << 10  // the largest that shares
)

var errTooLong = errors.New("a line of an answer that does not end")

// done tells whether every command has its answer.
func (c *Call) done() bool { return c.next == len(c.replies) && !c.inValue }

// consume reads answers from what has come, as far as it goes, and returns how much of it that was: all up to the
// last whole line, and of values all that there is. It goes on where it left off. What is behind the call's last answer is another's.
func (c *Call) consume(in []byte) (used int, err error) {
	for !c.done() {
		n, err := c.step(in[used:])
		if err != nil {
			return used, err
		}
		if n == 0 {
			break
		}
		used += n
	}
	return used, nil
}

// step reads one line, or a piece of a value. It returns 0 if there is too little.
func (c *Call) step(in []byte) (int, error) {
	if c.inValue {
		return c.takeValue(in)
	}
	end := bytes.IndexByte(in, '\n')
	if end < 0 && len(in) < longestLine {
		return 0, nil
	}
	if end < 0 || end > longestLine {
		return 0, errTooLong
	}
	if end == 0 || in[end-1] != '\r' {
		return 0, badReply(in[:end])
	}
	return end + 1, c.takeLine(in[:end-1])
}

// takeLine reads the first line of an answer.
func (c *Call) takeLine(line []byte) error {
	if is, err := c.takeListed(line); is {
		return err
	}
	var r Reply
	if err := r.parse(line); err != nil {
		return err
	}
	i, err := c.place(&r)
	if err != nil {
		return err
	}
	return c.found(i, r)
}

// found puts an answer to its command, whose value may follow.
func (c *Call) found(i int, r Reply) error {
	if r.Status == Found && c.limit > 0 && r.Size > c.limit {
		return fmt.Errorf("%w: a value of %d bytes, more than the server's limit of %d", errReply, r.Size, c.limit)
	}
	c.replies[i] = r
	c.next = i + 1
	if r.Status == Found {
		c.inValue, c.got = true, 0
		if c.state.Load() != left {
			c.replies[i].Data = c.memory(min(r.Size, firstPiece))
		}
	}
	return nil
}

// place finds the command that is answered. Quiet ones before it have been answered by silence.
func (c *Call) place(r *Reply) (int, error) {
	i := c.next
	switch {
	case r.hasOpaque:
		i = int(r.opaque - c.opaque)
	case r.Status != Failed:
		return 0, fmt.Errorf("%w: one without its number", errReply)
	default: // errors have no number: silence comes from quiet commands only
		for c.replies[i].quiet {
			i++
		}
	}
	if i < c.next || i >= len(c.replies) {
		return 0, fmt.Errorf("%w: one to another question", errReply)
	}
	for j := c.next; j < i; j++ {
		if !c.replies[j].quiet {
			return 0, fmt.Errorf("%w: one is missing", errReply)
		}
	}
	return i, nil
}

// takeValue reads a piece of a value, or the end of its line. The value of a call that has been left is dropped.
func (c *Call) takeValue(in []byte) (int, error) {
	r := &c.replies[c.next-1]
	if left := r.Size - c.got; left > 0 {
		n := min(left, len(in))
		if room := c.room(r); room != nil {
			n = copy(room, in)
		}
		c.got += n
		return n, nil
	}
	if len(in) < 2 {
		return 0, nil
	}
	if in[0] != '\r' || in[1] != '\n' {
		return 0, fmt.Errorf("%w: a value that is longer than it says", errReply)
	}
	c.inValue = false
	return 2, nil
}

// room is where the next bytes of a value go; nil if nobody wants it any more. A large value gets memory as it comes: a server that
// only says that it will be large gets none.
func (c *Call) room(r *Reply) []byte {
	if r.Data == nil {
		return nil
	}
	if c.got == len(r.Data) && c.got < r.Size {
		grown := make([]byte, min(r.Size, 4*len(r.Data)))
		copy(grown, r.Data)
		r.Data = grown
	}
	return r.Data[c.got:]
}

// direct is the room for a long piece of a value, which need not go through the connection's buffer.
func (c *Call) direct() []byte {
	if !c.inValue {
		return nil
	}
	r := &c.replies[c.next-1]
	if r.Size-c.got < readBuffer {
		return nil
	}
	return c.room(r)
}

// memory is for one value. The small values of a call with many share some, which is what makes large batches fast; who keeps
// one of them keeps sharedRoom bytes at most.
func (c *Call) memory(size int) []byte {
	more := len(c.replies) - c.next
	if size > sharedMost || len(c.shared) < size && more < 4 {
		return make([]byte, size)
	}
	if len(c.shared) < size {
		c.shared = make([]byte, max(size, min(sharedRoom, (size+16)*(more+1))))
	}
	data := c.shared[:size:size]
	c.shared = c.shared[size:]
	return data
}
