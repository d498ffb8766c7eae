package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	msqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// code returns SQLite's extended result code, or 0 for an error that is not SQLite's.
func code(err error) int {
	if e := new(msqlite.Error); errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// primary returns SQLite's result code without its details.
func primary(err error) int { return code(err) & 0xff }

// isBusy tells whether another connection is in the way and trying again helps.
func isBusy(err error) bool {
	c := primary(err)
	return c == sqlite3.SQLITE_BUSY || c == sqlite3.SQLITE_LOCKED || c == sqlite3.SQLITE_PROTOCOL
}

// errMissing is for a file that mode=rw does not create.
var errMissing error = missing{}

type missing struct{}

func (missing) Error() string { return "does not exist, and mode=rw does not create it" }

// Is makes it an fs.ErrNotExist, without repeating its text.
func (missing) Is(target error) bool { return target == fs.ErrNotExist }

// explain makes an error of SQLite say which file it is about and what to do.
func explain(path string, err error) error {
	if errors.Is(err, errMissing) {
		return fmt.Errorf("%s %w", path, err)
	}
	hint := ""
	switch primary(err) {
	case sqlite3.SQLITE_OK:
		return err
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		hint = "another process holds its lock; raise busy_timeout if it is expected to take that long"
	case sqlite3.SQLITE_FULL:
		hint = "its disk is full: make room"
	case sqlite3.SQLITE_CORRUPT:
		hint = damaged
	case sqlite3.SQLITE_NOTADB:
		hint = notADatabase
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		hint = "this user must be allowed to write the file and its directory"
	case sqlite3.SQLITE_CANTOPEN:
		hint = "it cannot be opened or created: this user must be allowed to write the file, its directory, and the files " +
			"beside it that end in -wal and -shm"
	case sqlite3.SQLITE_IOERR:
		hint = "reading or writing failed: is the disk full, or a limit on the size of files reached?"
	}
	if hint == "" {
		return fmt.Errorf("%s: %w", path, err)
	}
	return fmt.Errorf("%s: %s: %w", path, hint, err)
}

const notADatabase = "it is no SQLite database: name another file, or delete it if it is not needed"

const damaged = "it is damaged: " + deleteIt + ", or restore a copy"

const deleteIt = "stop the programs that use it, and delete it together with the files that end in -wal and -shm (what was " +
	"cached is lost)"

// poisons tells whether err leaves a connection unfit for further use: a fresh one reads everything anew.
func poisons(err error) bool {
	switch primary(err) {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_INTERRUPT:
		return false
	}
	return true
}

// unknownOutcome tells whether a COMMIT that failed with err may come to life after a crash: the frames
// are in the log completely, and what failed came after. A write that failed is not such a case: the
// last frame, which is what commits, is missing or has a wrong checksum.
func unknownOutcome(err error) bool {
	switch primary(err) {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT:
		return false
	}
	return code(err) != sqlite3.SQLITE_IOERR_WRITE
}

// underWay is the error of a write whose context ended when it could no longer be withdrawn.
func underWay(ctx context.Context) error {
	return fmt.Errorf("the write was under way, it is not known whether it took place: %w", ctx.Err())
}
