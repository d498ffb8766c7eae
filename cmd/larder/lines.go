package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds the memory that one line of an import takes.
const maxLine = 128 << 20

var errLongLine = fmt.Errorf("longer than %d bytes", maxLine)

// lines reads lines of any length up to a bound.
type lines struct {
	r   *bufio.Reader
	max int
}

func newLines(r io.Reader) *lines { return &lines{bufio.NewReaderSize(r, 256<<10), maxLine} }

// next returns a line with its end, which is the caller's, or io.EOF. A line above the bound is skipped
// and gives errLongLine.
func (l *lines) next() (line []byte, err error) {
	for {
		part, err := l.r.ReadSlice('\n')
		if len(line)+len(part) > l.max {
			return nil, l.skip(err)
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		}
		return line, err
	}
}

// skip reads to the end of a line whose last read has given err.
func (l *lines) skip(err error) error {
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.r.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return errLongLine
}
