package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 600<<10)
	in := newLines(strings.NewReader("a\n\n" + long + "\n" + long + "yy\nlast"))
	in.max = len(long) + 1
	for i, want := range []string{"a\n", "\n", long + "\n", "", "last"} {
		line, err := in.next()
		if tooLong := want == ""; string(line) != want || errors.Is(err, errLongLine) != tooLong || (err != nil && !tooLong) {
			t.Errorf("line %d: %.20q, %v", i+1, line, err)
		}
	}
	if line, err := in.next(); len(line) > 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%q %v", line, err)
	}
}

func TestLinesFailure(t *testing.T) {
	boom := errors.New("boom")
	in := newLines(io.MultiReader(strings.NewReader("a\nhalf"), iotest.ErrReader(boom)))
	if line, err := in.next(); string(line) != "a\n" || err != nil {
		t.Errorf("%q %v", line, err)
	}
	if _, err := in.next(); !errors.Is(err, boom) {
		t.Error(err)
	}
	in = newLines(io.MultiReader(strings.NewReader(strings.Repeat("x", 300<<10)), iotest.ErrReader(boom)))
	in.max = 10
	if _, err := in.next(); !errors.Is(err, boom) {
		t.Error(err)
	}
}
