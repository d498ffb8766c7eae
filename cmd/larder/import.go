package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

type importCmd struct {
	File string `arg:"" optional:"" default:"-" help:"The file to read; - or none is standard input."`
}

func (importCmd) Help() string {
	return `Each line is an object with the members key, value and ttl (seconds, or null for no expiry; without it
--ttl holds). key_base64 and value_base64 stand for a key that is not UTF-8 and a value that is not JSON. Blank lines
are skipped; a key that is there several times gets the last value.

A bad line is named by its number on standard error (the first ten are), the others are stored, and the exit
status is 2 at the end. On a terminal a bar shows rate and time left.

Examples:

    larder import entries.jsonl --ttl 24h
    larder export --url sqlite:a.db | larder import --url sqlite:b.db`
}

// Run is called by kong.
func (cmd importCmd) Run(a *app) error {
	in, size, err := a.input(cmd.File)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	defer in.Close()
	return a.use(func(c *client) error { return a.importLines(c, in, size) })
}

// input opens a file, or standard input. size is 0 if it is not known.
func (a *app) input(name string) (in io.ReadCloser, size int64, err error) {
	f, ok := a.stdin.(*os.File)
	if name != "-" {
		f, err = openWhile(a.ctx, func() (*os.File, error) { return os.Open(name) })
		ok = true
	}
	if err != nil {
		return nil, 0, err
	}
	if !ok {
		return io.NopCloser(a.stdin), 0, nil
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, 0, err
	case info.IsDir():
		return nil, 0, fmt.Errorf("%s is a directory", name)
	case info.Mode().IsRegular():
		size = info.Size()
	}
	if name == "-" {
		return io.NopCloser(f), size, nil
	}
	return f, size, nil
}

// openWhile opens a file until the end of ctx: that of a pipe waits for somebody at its other end.
func openWhile(ctx context.Context, open func() (*os.File, error)) (*os.File, error) {
	type result struct {
		f   *os.File
		err error
	}
	opened := make(chan result, 1)
	go func() {
		f, err := open()
		opened <- result{f, err}
	}()
	select {
	case r := <-opened:
		return r.f, r.err
	case <-ctx.Done():
		go func() {
			if r := <-opened; r.err == nil {
				_ = r.f.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

func (a *app) importLines(c *client, in io.Reader, size int64) error {
	log := &badLines{a: a}
	s := newSink(a.ctx, c.values, func(i item, err error) { log.add(i.line, err) })
	if f, ok := a.stdin.(*os.File); ok && isTerminal(f) && size == 0 {
		a.Quiet = true // a bar between the lines that are typed helps nobody
	}
	bar := a.startProgress("import", size, s.stored.Load)
	// Reading may wait for ever (a terminal, a pipe), whatever happens to the context.
	fed := make(chan error, 1)
	go func() { fed <- feed(s, newLines(in), a.TTL, log, bar) }()
	var err error
	select {
	case err = <-fed:
	case <-s.ctx.Done():
	}
	if closing := s.close(); closing != nil {
		err = closing
	}
	bar.end(err == nil)
	if err == nil {
		err = log.end(s.stored.Load())
	} else {
		err = fmt.Errorf("import: %w (%d entries were stored before)", err, s.stored.Load())
	}
	if err == nil || a.JSON {
		a.answer("", "stored", s.stored.Load(), "bad", log.count())
	}
	return err
}

// feed reads lines into the sink.
func feed(s *sink, in *lines, ttl lifetime, log *badLines, bar *progress) error {
	for n := 1; ; n++ {
		line, err := in.next()
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil
		case errors.Is(err, errLongLine):
			log.add(n, err)
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
		bar.add(len(line))
		if len(bytes.Trim(line, jsonSpace)) == 0 {
			continue
		}
		r, err := parseRecord(line)
		if err != nil {
			log.add(n, err)
			continue
		}
		if r.ttl.kind == byDefault {
			r.ttl = ttl
		}
		if err := s.put(item{r, n}); err != nil {
			return err
		}
	}
}

// shownBadLines is how many bad lines are named.
const shownBadLines = 10

// badLines tells of bad lines, the first ones each.
type badLines struct {
	a  *app
	mu sync.Mutex
	n  int64
}

func (b *badLines) add(line int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n++; b.n <= shownBadLines {
		b.a.tell(fmt.Sprintf("line %d: %v", line, err))
	}
}

func (b *badLines) count() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

// end is the error if there were any.
func (b *badLines) end(stored int64) error {
	n := b.count()
	switch {
	case n == 0:
		return nil
	case n == 1:
		return fmt.Errorf("import: 1 bad line, %d entries stored", stored)
	case n <= shownBadLines:
		return fmt.Errorf("import: %d bad lines, %d entries stored", n, stored)
	}
	return fmt.Errorf("import: %d bad lines, of which the first %d are named, %d entries stored", n, shownBadLines, stored)
}
