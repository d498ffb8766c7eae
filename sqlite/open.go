package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// file is an open database.
type file struct {
	pool         *pool
	writer       *writer
	checkpointer *checkpointer
	uses         *uses
	now          func() time.Time
}

// dsn is the address of the file for the driver. A path may have any bytes in it, so they are escaped.
func dsn(path, mode string) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // C:/...
	}
	return "file://" + (&url.URL{Path: p}).EscapedPath() + "?mode=" + mode + "&_dqs=0&_error_rc=1"
}

// openFile opens or creates the database at path.
func openFile(ctx context.Context, path string, o Options, now func() time.Time) (*file, error) {
	var f *file
	err := patiently(ctx, o.BusyTimeout, func() (err error) {
		f, err = tryOpen(ctx, path, o, now)
		return err
	})
	if err != nil {
		return nil, explain(path, err)
	}
	go f.writer.run()
	go f.checkpointer.run()
	return f, nil
}

// patiently calls fn again while the database is busy, until ctx or the time is over.
func patiently(ctx context.Context, busy time.Duration, fn func() error) error {
	end := time.Now().Add(busy)
	for poll := pollFirst; ; poll = min(poll*2, pollLast) {
		err := fn()
		if err == nil || !isBusy(err) || time.Now().After(end) {
			return err
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func tryOpen(ctx context.Context, path string, o Options, now func() time.Time) (_ *file, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path = realPath(path)
	if err := examineBeside(path); err != nil {
		return nil, err
	}
	isNew, err := examine(ctx, path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); o.MustExist && isNew && errors.Is(err, fs.ErrNotExist) {
		return nil, errMissing
	}
	c, err := dialWriter(ctx, path, o, isNew)
	if err != nil {
		return nil, err
	}
	f := &file{uses: newUses(), now: now}
	s := &session{c: c, now: now, limit: o.MaxBytes, uses: f.uses}
	s.dial = func() (*conn, error) { return dialWriter(background, path, o, false) }
	if err := s.prepareFile(ctx, isNew); err != nil {
		return nil, errors.Join(err, c.close())
	}
	f.writer = newWriter(s, path, o.BusyTimeout)
	f.checkpointer = newCheckpointer(func() (*conn, error) {
		return dialWith(background, dsn(path, "rw"), pragmas(o, 64)...)
	})
	s.logged = f.checkpointer.committed
	f.pool = newPool(readers(), path, o.BusyTimeout, func() (*conn, error) {
		return dialWith(background, dsn(path, "rw"), append(pragmas(o, 2<<10), "PRAGMA query_only = 1")...)
	})
	return f, nil
}

// readers is how many connections read at a time: more than can run, because some wait for the disk, and because a
// caller who finds one free goes on without a switch to another goroutine (4 were 1.5 times slower for 16 callers on
// two processors). They are opened as they are needed.
func readers() int { return min(max(4*runtime.GOMAXPROCS(0), 16), 32) }

// pragmas are what every connection of a store sets. The page cache is small because the operating
// system has one too.
func pragmas(o Options, cacheKiB int) []string {
	return []string{
		"PRAGMA synchronous = " + string(o.Sync),
		"PRAGMA cache_size = -" + strconv.Itoa(cacheKiB),
		"PRAGMA trusted_schema = 0",
		"PRAGMA wal_autocheckpoint = " + strconv.Itoa(fullLog),
		"PRAGMA journal_size_limit = 33554432",
	}
}

func dialWith(ctx context.Context, dsn string, statements ...string) (*conn, error) {
	c, err := dial(dsn)
	if err != nil {
		return nil, err
	}
	if err := c.script(ctx, statements...); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// dialWriter opens the connection that writes. Only a new file is created; one that has vanished is an error.
func dialWriter(ctx context.Context, path string, o Options, isNew bool) (*conn, error) {
	mode, first := "rw", []string(nil)
	if isNew {
		if !o.MustExist {
			mode = "rwc"
		}
		first = []string{ // they work only before the first page is written
			"PRAGMA page_size = " + strconv.Itoa(pageSize),
			"PRAGMA auto_vacuum = INCREMENTAL",
		}
	}
	c, err := dialWith(ctx, dsn(path, mode), append(first, pragmas(o, 16<<10)...)...)
	if err != nil {
		return nil, err
	}
	if err := c.useWAL(ctx, path); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *conn) useWAL(ctx context.Context, path string) error {
	// SQLite opens a file that it may not write for reading, without a word.
	if readOnly, err := c.raw.IsReadOnly("main"); err != nil || readOnly {
		return errors.Join(err, fmt.Errorf("%s: this user may only read it: a cache must be writable", path))
	}
	mode, err := c.pragma(ctx, "PRAGMA journal_mode = WAL")
	if err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("%s: its file system has no shared memory, which SQLite's WAL needs: put it on a local disk (journal mode %v)", path, mode)
	}
	return nil
}

// prepareFile makes the tables in a new file, and begins to keep the weight if there is a limit.
func (s *session) prepareFile(ctx context.Context, isNew bool) error {
	if isNew {
		if err := s.inTransaction(ctx, s.create); err != nil {
			return err
		}
	}
	if err := s.readWeight(); err != nil {
		return err
	}
	if s.limit == 0 || s.tracked {
		return nil
	}
	if err := s.inTransaction(ctx, s.track); err != nil {
		return err
	}
	return s.readWeight()
}

func (s *session) inTransaction(ctx context.Context, fn func(context.Context) error) error {
	if _, err := s.c.exec(background, qBegin); err != nil {
		return err
	}
	if err := fn(ctx); err != nil {
		_, _ = s.c.exec(background, qRollback)
		return err
	}
	_, err := s.c.exec(background, qCommit)
	return err
}

// create makes the tables, unless another process has done it in the meantime.
func (s *session) create(ctx context.Context) error {
	id, err := s.c.pragma(ctx, "PRAGMA application_id")
	if err != nil || integer(id) == applicationID {
		return err
	}
	tables, err := s.c.pragma(ctx, "SELECT count(*) FROM sqlite_schema")
	if err != nil || integer(tables) > 0 {
		return errors.Join(err, errNotOurs)
	}
	return s.c.script(ctx, schema...)
}

// track begins to keep the weight, unless another process has done it in the meantime. On a large file this takes a
// while, once.
func (s *session) track(ctx context.Context) error {
	weight, err := s.c.pragma(ctx, "SELECT weight FROM meta")
	if err != nil || weight != nil {
		return err
	}
	return s.c.script(ctx, trackWeight...)
}

var errNotOurs = errors.New("it is an SQLite database of another program: name another file")

// examineBeside makes sure that SQLite finds files, or nothing, beside the database: it would wait for ever for somebody who
// writes into a pipe there.
func examineBeside(path string) error {
	for _, suffix := range []string{"-journal", "-wal", "-shm"} {
		if info, err := os.Stat(path + suffix); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s: it is not a regular file but %v, and SQLite keeps one of that name beside the database: remove it",
				path+suffix, info.Mode().Type())
		}
	}
	return nil
}

// examine looks at what is at path without changing it, and tells whether a database is to be made there.
func examine(ctx context.Context, path string) (isNew bool, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return false, fmt.Errorf("%s: its directory does not exist or cannot be entered: create it: %w", path, err)
		}
		return true, nil
	case err != nil:
		return false, fmt.Errorf("cannot look at the file: %w", err)
	case info.IsDir():
		return false, fmt.Errorf("%s: it is a directory: name a file in it, such as %s", path, filepath.Join(path, "larder.db"))
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s: it is not a regular file but %v: name another", path, info.Mode().Type())
	case info.Size() == 0:
		return true, nil
	case info.Size() < 512: // less than the smallest page: SQLite would take it for empty, and overwrite it
		return false, fmt.Errorf("%s: %s", path, notADatabase)
	}
	// The header is read through SQLite, not by opening the file: closing a file drops all locks
	// that this process has on it, those of its other connections to it too.
	c, err := dial(dsn(path, examineMode(path)))
	if err != nil {
		return false, err
	}
	isNew, err = c.examine(ctx, path)
	return isNew, errors.Join(err, c.close())
}

// examineMode is how to open a file that may not be ours. Read-only leaves alone what another program's log or
// journal holds. But without a log it would leave one behind if the file is in WAL mode, where a
// connection that may write removes what it has made. And our own creation may have been cut off: rolling that back needs to write.
func examineMode(path string) string {
	if journal, there := head(path+"-journal", 20); there && !beganEmpty(journal) {
		return "ro"
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return "ro"
	}
	return "rw"
}

// head reads the first n bytes of a file, less if it is shorter or may not be read, and tells whether it is there.
func head(path string, n int64) (b []byte, there bool) {
	f, err := os.Open(path)
	if err != nil {
		return nil, !errors.Is(err, fs.ErrNotExist)
	}
	defer func() { _ = f.Close() }()
	b, _ = io.ReadAll(io.LimitReader(f, n))
	return b, true
}

// realPath follows symbolic links as SQLite does, so that the files beside the database are looked for where they are.
func realPath(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// beganEmpty tells whether a rollback journal goes back to an empty file: https://sqlite.org/fileformat2.html#the_rollback_journal
func beganEmpty(journal []byte) bool {
	magic := []byte{0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7}
	return len(journal) >= 20 && bytes.HasPrefix(journal, magic) && binary.BigEndian.Uint32(journal[16:]) == 0
}

func (c *conn) examine(ctx context.Context, path string) (isNew bool, err error) {
	// One transaction: between two of them another process might make its tables.
	if err := c.script(ctx, "BEGIN"); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, c.script(background, "ROLLBACK")) }()
	var header [3]int64
	for i, q := range []string{"PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_schema"} {
		v, err := c.pragma(ctx, q)
		if err != nil {
			return false, err
		}
		header[i] = integer(v)
	}
	id, version, tables := header[0], header[1], header[2]
	switch {
	case id == 0 && version == 0 && tables == 0:
		return true, nil
	case id != applicationID:
		return false, fmt.Errorf("%s: %w", path, errNotOurs)
	case version > schemaVersion:
		return false, fmt.Errorf("%s: it was made by a newer version of larder (format %d, this one knows %d): update this program, or name another file",
			path, version, schemaVersion)
	case version < schemaVersion:
		return false, fmt.Errorf("%s: it is of another version of larder (format %d, this one knows %d, and a cache is not converted: %s)",
			path, version, schemaVersion, deleteIt)
	}
	for _, q := range []query{qGetFull, qMeta} {
		if _, err := c.stmt(q); primary(err) == sqlite3.SQLITE_ERROR {
			return false, fmt.Errorf("%s: a table is missing or not as it should be: %s: %w", path, damaged, err)
		} else if err != nil {
			return false, err
		}
	}
	return false, nil
}
