package memcached

import (
	"bufio"
	"io"
	"iter"
	"os"
	"strings"
)

// spoolMost is how much of a list of keys is kept in memory.
const spoolMost = 1 << 20

// spool is a list of lines that is in a file from a certain length on.
type spool struct {
	began int64 // by the server's clock
	head  strings.Builder
	file  *os.File
	out   *bufio.Writer
}

func (s *spool) add(line string) error {
	if s.file == nil && s.head.Len()+len(line) < spoolMost {
		s.head.WriteString(line)
		s.head.WriteByte('\n')
		return nil
	}
	if s.file == nil {
		f, err := os.CreateTemp("", "larder-keys")
		if err != nil {
			return err
		}
		_ = os.Remove(f.Name()) // where a file can have no name, it has none; elsewhere close removes it
		s.file, s.out = f, bufio.NewWriterSize(f, 64<<10)
	}
	if _, err := s.out.WriteString(line); err != nil {
		return err
	}
	return s.out.WriteByte('\n')
}

// lines yields what was added. An error is the last.
func (s *spool) lines() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for line := range strings.Lines(s.head.String()) {
			if !yield(strings.TrimSuffix(line, "\n"), nil) {
				return
			}
		}
		if s.file == nil {
			return
		}
		if err := s.rewind(); err != nil {
			yield("", err)
			return
		}
		in := bufio.NewScanner(s.file)
		for in.Scan() {
			if !yield(in.Text(), nil) {
				return
			}
		}
		if err := in.Err(); err != nil {
			yield("", err)
		}
	}
}

func (s *spool) rewind() error {
	if err := s.out.Flush(); err != nil {
		return err
	}
	_, err := s.file.Seek(0, io.SeekStart)
	return err
}

func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}
