package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

type exportCmd struct {
	File   string `arg:"" optional:"" default:"-" help:"The file to write; - or none is standard output."`
	Prefix string `placeholder:"P" help:"Only keys that begin with this text."`
}

func (exportCmd) Help() string {
	return `Each line is an object with the members key, value and ttl (remaining seconds, or null for no expiry), as
import takes it. key_base64 stands for a key that is not UTF-8, value_base64 for a value that is not strict JSON, so
that nothing is lost. A file is put in place when it is complete. Entries that change meanwhile may be
exported with the new value and the old lifetime.

Examples:

    larder export backup.jsonl
    larder export --prefix user: | jq -c .value`
}

// Run is called by kong.
func (cmd exportCmd) Run(a *app) error {
	return a.useExisting(func(c *client) error {
		e := &exporter{app: a, c: c, prefix: cmd.Prefix, max: maxLine}
		if err := e.export(cmd.File); err != nil {
			return err
		}
		if cmd.File != "-" {
			a.answer("", "exported", e.n)
		}
		if e.n+e.left == 0 {
			a.noteOthers(c)
		}
		return e.end()
	})
}

// exporter writes the entries of a cache whose keys begin with prefix.
type exporter struct {
	*app
	c      *client
	prefix string
	max    int   // how many bytes a line may have
	n      int64 // entries that are written
	left   int64 // entries that are left out, because their lines would be longer, or they are none of a cache's
}

func (e *exporter) export(name string) error {
	if name != "-" {
		return e.file(name)
	}
	defer func(quiet bool) { e.Quiet = quiet }(e.Quiet)
	e.Quiet = e.Quiet || e.outTTY // a bar between the lines helps nobody
	return e.to(e.out)
}

func (e *exporter) to(w io.Writer) (err error) {
	bar := e.startProgress("export", e.countOf(e.c, e.prefix), func() int64 { return e.n })
	defer func() { bar.end(err == nil) }()
	var line []byte
	for entry, err := range e.c.entries(e.ctx, e.prefix) {
		if err != nil {
			return err
		}
		if entry.bad != nil {
			e.leaveOut(entry.key, entry.bad)
			continue
		}
		line = appendRecord(line[:0], entry.key, entry.value, entry.TTL)
		if err := e.write(w, entry.key, line); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		bar.add(1)
		if cap(line) > batchBytes {
			line = nil
		}
	}
	return nil
}

func (e *exporter) write(w io.Writer, key string, line []byte) error {
	if len(line) > e.max {
		e.leaveOut(key, fmt.Errorf("its line of %d bytes is longer than the %d that import takes (larder copy has no such bound)", len(line), e.max))
		return nil
	}
	_, err := w.Write(line)
	if err == nil {
		e.n++
	}
	return err
}

func (e *exporter) leaveOut(key string, why error) {
	if e.left++; e.left <= shownBadLines {
		e.tell(fmt.Sprintf("export %q: left out: %v", key, why))
	}
}

// end is the error if entries were left out.
func (e *exporter) end() error {
	if e.left == 0 {
		return nil
	}
	return fmt.Errorf("export: left out: %d, exported: %d", e.left, e.n)
}

// countOf returns how many entries the database holds, for the time left; 0 if that is not known.
func (a *app) countOf(c *client, prefix string) int64 {
	if !a.errTTY || prefix != "" {
		return 0
	}
	return c.count(a.ctx)
}

// count returns how many entries the database holds, with those of others; 0 if that is not known.
func (c *client) count(ctx context.Context) int64 {
	facts, err := c.Report(ctx)
	if err != nil {
		return 0
	}
	for _, f := range facts {
		if n, ok := f.Value.(int64); ok && f.Name == "entries" {
			return n
		}
	}
	return 0
}

// file writes a file beside the one that is named and moves it there at the end: who reads the file never sees a
// half. What is no regular file, such as a named pipe, is written to directly.
func (e *exporter) file(name string) error {
	if e.c.isMadeOf(name) {
		return fmt.Errorf("export: %s is a file of the database that is read", name)
	}
	target := name
	if path, err := filepath.EvalSymlinks(name); err == nil {
		target = path
	}
	info, err := os.Stat(target)
	if err == nil && !info.Mode().IsRegular() {
		return e.directly(target)
	}
	path := fmt.Sprintf("%s.%d.part", target, os.Getpid())
	f, err := createLike(path, info)
	if failed := new(fs.PathError); errors.As(err, &failed) {
		failed.Path = name // not that of the file beside it
	}
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err = e.into(f); err == nil {
		err = os.Rename(path, target)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// createLike makes a file with the permissions of the one that it will replace; old is nil if there is none.
func createLike(path string, old fs.FileInfo) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if old == nil {
		return os.OpenFile(path, flags, 0o666) //nolint:gosec // as any program that writes a file; the umask decides
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(old.Mode().Perm()); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

// directly writes to what is there, until the end of the run: at a pipe nobody may be reading.
func (e *exporter) directly(path string) error {
	f, err := openWhile(e.ctx, func() (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) })
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	stop := context.AfterFunc(e.ctx, func() { _ = f.SetWriteDeadline(time.Now()) }) // what cannot wait has none
	defer stop()
	err = e.into(f)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = e.ctx.Err()
	}
	return err
}

// into writes and closes f.
func (e *exporter) into(f *os.File) error {
	w := bufio.NewWriterSize(f, 256<<10)
	err := e.to(w)
	if err == nil {
		err = w.Flush()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
