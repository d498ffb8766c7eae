package meta

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// The memory that values are read into.
const (
	firstPiece = 1 << 20  // of a large one, before any of it has come
	sharedRoom = 16 << 10 // for the small ones of a large call, at once
	sharedMost = 1 << 10  // the largest that shares
)

var errTooLong = errors.New("a line of an answer that does not end")

// receive reads answers until the call has all of its own.
func (c *Call) receive(in *bufio.Reader) error {
	for c.next < len(c.replies) {
		line, err := readLine(in)
		if err != nil {
			return err
		}
		var r Reply
		if err := r.parse(line); err != nil {
			return err
		}
		if err := c.place(&r); err != nil {
			return err
		}
		if r.Status == Found {
			// place has counted it.
			if err := c.readValue(in, &c.replies[c.next-1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// place finds the command that is answered. Quiet ones before it have been answered by silence.
func (c *Call) place(r *Reply) error {
	i := c.next
	switch {
	case r.hasOpaque:
		i = int(r.opaque - c.opaque)
	case r.Status != Failed:
		return fmt.Errorf("%w: one without its number", errReply)
	default: // errors have no number: silence comes from quiet commands only
		for c.replies[i].quiet {
			i++
		}
	}
	if i < c.next || i >= len(c.replies) {
		return fmt.Errorf("%w: one to another question", errReply)
	}
	for j := c.next; j < i; j++ {
		if !c.replies[j].quiet {
			return fmt.Errorf("%w: one is missing", errReply)
		}
	}
	c.replies[i] = *r
	c.next = i + 1
	return nil
}

// readLine returns a line without its end. It is good until the next read.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errTooLong
	}
	if err != nil {
		return nil, unexpected(err)
	}
	if len(line) < 2 || line[len(line)-2] != '\r' {
		return nil, badReply(line)
	}
	return line[:len(line)-2], nil
}

// readValue reads a value and the end of its line. A call that has been left does not keep it.
func (c *Call) readValue(in *bufio.Reader, r *Reply) (err error) {
	if c.state.Load() == left {
		_, err = in.Discard(r.Size)
	} else {
		r.Data, err = c.data(in, r.Size)
	}
	if err != nil {
		return unexpected(err)
	}
	end, err := in.Peek(2)
	if err != nil {
		return unexpected(err)
	}
	if end[0] != '\r' || end[1] != '\n' {
		return fmt.Errorf("%w: a value that is longer than it says", errReply)
	}
	_, err = in.Discard(2)
	return err
}

func (c *Call) data(in *bufio.Reader, size int) ([]byte, error) {
	if size > firstPiece {
		return readLarge(in, size)
	}
	data := c.memory(size)
	_, err := io.ReadFull(in, data)
	return data, err
}

// memory is for one value. The small values of a call with many share some, which is what makes large batches fast; who keeps
// one of them keeps sharedRoom bytes at most.
func (c *Call) memory(size int) []byte {
	more := len(c.replies) - c.next
	if size > sharedMost || len(c.room) < size && more < 4 {
		return make([]byte, size)
	}
	if len(c.room) < size {
		c.room = make([]byte, max(size, min(sharedRoom, (size+16)*(more+1))))
	}
	data := c.room[:size:size]
	c.room = c.room[size:]
	return data
}

// readLarge takes memory as the bytes come: a server that only says that there will be many gets none.
func readLarge(in *bufio.Reader, size int) ([]byte, error) {
	data := make([]byte, 0, firstPiece)
	for len(data) < size {
		if len(data) == cap(data) {
			grown := make([]byte, len(data), min(size, 4*cap(data)))
			copy(grown, data)
			data = grown
		}
		n, err := io.ReadFull(in, data[len(data):min(size, cap(data))])
		data = data[:len(data)+n]
		if err != nil {
			return nil, err
		}
	}
	return data, nil
}

// unexpected is what the end of the stream means in the middle of an answer.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
