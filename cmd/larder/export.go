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
		if cmd.File == "-" {
			quiet := a.Quiet
			a.Quiet = quiet || a.outTTY // a bar between the lines helps nobody
			n, err := a.exportTo(a.out, c, cmd.Prefix)
			a.Quiet = quiet
			if err == nil && n == 0 {
				a.noteOthers(c)
			}
			return err
		}
		n, err := a.exportFile(c, cmd.File, cmd.Prefix)
		if err != nil {
			return err
		}
		a.answer("", "exported", n)
		if n == 0 {
			a.noteOthers(c)
		}
		return nil
	})
}

func (a *app) exportTo(w io.Writer, c *client, prefix string) (n int64, err error) {
	bar := a.startProgress("export", a.countOf(c, prefix), func() int64 { return n })
	defer func() { bar.end(err == nil) }()
	var line []byte
	for e, err := range c.entries(a.ctx, prefix) {
		if err != nil {
			return n, err
		}
		line = appendRecord(line[:0], e.key, e.value, e.TTL)
		if _, err := w.Write(line); err != nil {
			return n, fmt.Errorf("export: %w", err)
		}
		n++
		bar.add(1)
		if cap(line) > batchBytes {
			line = nil
		}
	}
	return n, nil
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

// exportFile writes a file beside the one that is named and moves it there at the end: who reads the file
// never sees a half. What is no regular file, such as a named pipe, is written to directly.
func (a *app) exportFile(c *client, name, prefix string) (n int64, err error) {
	target := name
	if path, err := filepath.EvalSymlinks(name); err == nil {
		target = path
	}
	info, err := os.Stat(target)
	direct := err == nil && !info.Mode().IsRegular()
	flags, path := os.O_WRONLY, target
	if !direct {
		flags, path = os.O_WRONLY|os.O_CREATE|os.O_EXCL, fmt.Sprintf("%s.%d.part", target, os.Getpid())
	}
	f, err := os.OpenFile(path, flags, 0o666) //nolint:gosec // as any program that writes a file; the umask decides
	if failed := new(fs.PathError); errors.As(err, &failed) {
		failed.Path = name // not that of the file beside it
	}
	if err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	n, err = a.exportInto(f, c, prefix)
	if direct {
		return n, err
	}
	if err == nil {
		err = os.Rename(path, target)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return n, err
}

// exportInto writes and closes f.
func (a *app) exportInto(f *os.File, c *client, prefix string) (int64, error) {
	w := bufio.NewWriterSize(f, 256<<10)
	n, err := a.exportTo(w, c, prefix)
	if err == nil {
		err = w.Flush()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return n, err
}
