package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"os"
	"strconv"
	"time"

	"github.com/larder-go/larder/driver"
)

// Ping reads from the file, and tells SQLite's version and how the file is used.
func (s *Store) Ping(ctx context.Context) (driver.Server, error) {
	f, err := s.ready(ctx)
	if err != nil {
		return driver.Server{}, err
	}
	var version, mode any
	err = f.pool.read(ctx, func(c *conn) error {
		if _, _, err := c.one(qMeta, 1); err != nil {
			return err
		}
		if version, err = c.pragma(background, "SELECT sqlite_version()"); err != nil {
			return err
		}
		mode, err = c.pragma(background, "PRAGMA journal_mode")
		return err
	})
	if err != nil {
		return driver.Server{}, err
	}
	v, _ := version.(string)
	return driver.Server{Version: "SQLite " + v, Notes: []driver.Fact{
		{Name: "file", Value: s.path},
		{Name: "journal_mode", Value: mode},
		{Name: "sync", Value: string(s.options.Sync)},
		{Name: "busy_timeout", Value: s.options.BusyTimeout},
	}}, nil
}

// Report counts the entries, which takes a moment for millions of them, and tells sizes in bytes: of the file, of
// its write-ahead log, and, if some process has asked for a limit, of the entries. What was evicted
// and removed as expired is this store's own doing since it was opened.
func (s *Store) Report(ctx context.Context) ([]driver.Fact, error) {
	f, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	var entries, expired int64
	var weight any
	now := moment(s.now())
	err = f.pool.read(ctx, func(c *conn) error {
		if entries, err = c.count(ctx, qCount); err != nil {
			return err
		}
		if expired, err = c.count(ctx, qCountExpired, now, now); err != nil {
			return err
		}
		row, there, err := c.one(qMeta, 1)
		if there {
			weight = row[0]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	facts := []driver.Fact{
		{Name: "entries", Value: entries - expired},
		{Name: "expired", Value: expired},
		{Name: "file_bytes", Value: sizeOf(s.path)},
		{Name: "wal_bytes", Value: sizeOf(s.path + "-wal")},
	}
	if w, tracked := number(weight); tracked {
		facts = append(facts, driver.Fact{Name: "bytes", Value: w})
	}
	if s.options.MaxBytes > 0 {
		facts = append(facts, driver.Fact{Name: "max_bytes", Value: s.options.MaxBytes})
	}
	return append(facts,
		driver.Fact{Name: "evictions", Value: f.writer.session.evicted.Load()},
		driver.Fact{Name: "purged", Value: f.writer.session.purged.Load()}), nil
}

// count runs a query that may take long, interrupted when ctx ends.
func (c *conn) count(ctx context.Context, q query, args ...any) (n int64, err error) {
	err = c.each(ctx, q, 1, func(row []sqldriver.Value) bool {
		n = integer(row[0])
		return false
	}, args...)
	return n, err
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Unwrap hands out a *sql.DB on the same file, which the store closes. Its transactions begin immediately; while one is
// open, the store's writers wait. Writing larder's tables with it breaks what max_bytes counts.
func (s *Store) Unwrap(target any) bool {
	p, _ := target.(**sql.DB)
	if p == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return false
	}
	if s.db == nil {
		s.db = sql.OpenDB(connector{s})
	}
	*p = s.db
	return true
}

// connector opens connections for the *sql.DB that Unwrap hands out, after the store has made sure of the file.
type connector struct{ s *Store }

func (c connector) Connect(ctx context.Context) (sqldriver.Conn, error) {
	if _, err := c.s.ready(ctx); err != nil {
		return nil, err
	}
	own, err := dialWith(ctx, dsn(c.s.path, "rw")+"&_txlock=immediate&_busy_timeout="+milliseconds(c.s.options.BusyTimeout),
		pragmas(c.s.options, 16<<10)...)
	if err != nil {
		return nil, explain(c.s.path, err)
	}
	return own.raw, nil
}

func (c connector) Driver() sqldriver.Driver { return engine }

func milliseconds(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }
