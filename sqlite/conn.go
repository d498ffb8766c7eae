package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"

	msqlite "modernc.org/sqlite"
)

// engine opens connections that have nothing on them but SQLite itself: functions and hooks that the
// program registers for its own databases do not reach it.
var engine = &msqlite.Driver{}

// rawConn is what modernc's connections can do and larder uses.
type rawConn interface {
	sqldriver.Conn
	sqldriver.ConnPrepareContext
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	msqlite.FileControl
	msqlite.DBStatus
	IsReadOnly(schema string) (bool, error)
}

type rawStmt interface {
	sqldriver.Stmt
	sqldriver.StmtExecContext
	sqldriver.StmtQueryContext
}

// conn is one connection with its prepared statements. It talks to the driver directly: the locks and
// checks that database/sql puts in between cost as much as the statement itself. It is used by one goroutine at
// a time.
type conn struct {
	raw   rawConn
	stmts [queries]rawStmt
	args  []sqldriver.NamedValue
	row   [7]sqldriver.Value
	key   []byte // scratch for the key that is being looked up
}

func dial(dsn string) (*conn, error) {
	c, err := engine.Open(dsn)
	if err != nil {
		return nil, err
	}
	raw, ok := c.(rawConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("modernc.org/sqlite: a connection is a %T", c), c.Close())
	}
	return &conn{raw: raw}, nil
}

func (c *conn) close() error {
	for i, s := range c.stmts {
		if s != nil {
			_ = s.Close() // repeats the error of the statement's last run
			c.stmts[i] = nil
		}
	}
	return c.raw.Close()
}

func (c *conn) stmt(q query) (rawStmt, error) {
	if s := c.stmts[q]; s != nil {
		return s, nil
	}
	prepared, err := c.raw.PrepareContext(context.Background(), sqlText[q])
	if err != nil {
		return nil, err
	}
	s, ok := prepared.(rawStmt)
	if !ok {
		return nil, fmt.Errorf("modernc.org/sqlite: a statement is a %T", prepared)
	}
	c.stmts[q] = s
	return s, nil
}

func (c *conn) bind(args []any) []sqldriver.NamedValue {
	c.args = c.args[:0]
	for i, a := range args {
		c.args = append(c.args, sqldriver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.args
}

// blob returns the key's bytes, valid until the next call; the driver copies what it binds.
func (c *conn) blob(key string) []byte {
	if c.key == nil || cap(c.key) > 4096 && len(key) < 4096 {
		c.key = make([]byte, 0, 256) // never nil: that would be NULL
	}
	c.key = append(c.key[:0], key...)
	return c.key
}

// exec runs q and returns the number of rows it changed. A context that can end costs a goroutine for
// the call, which interrupts it; short statements go without.
func (c *conn) exec(ctx context.Context, q query, args ...any) (int64, error) {
	s, err := c.stmt(q)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, c.bind(args))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// one returns the first row of q, which has n columns and is valid until the next statement.
func (c *conn) one(q query, n int, args ...any) (row []sqldriver.Value, found bool, err error) {
	err = c.each(context.Background(), q, n, func(r []sqldriver.Value) bool {
		row, found = r, true
		return false
	}, args...)
	return row, found, err
}

// each calls fn with the rows of q, each valid during the call, until it returns false.
func (c *conn) each(ctx context.Context, q query, n int, fn func([]sqldriver.Value) bool, args ...any) error {
	s, err := c.stmt(q)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, c.bind(args))
	if err != nil {
		return err
	}
	for {
		err := rows.Next(c.row[:n])
		if err == nil && fn(c.row[:n]) {
			continue
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return errors.Join(err, rows.Close())
	}
}

// script runs statements that are not worth preparing.
func (c *conn) script(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := c.raw.ExecContext(ctx, s, nil); err != nil {
			return err
		}
	}
	return nil
}

// pragma returns the one value of a pragma or query.
func (c *conn) pragma(ctx context.Context, statement string) (value sqldriver.Value, err error) {
	rows, err := c.raw.QueryContext(ctx, statement, nil)
	if err != nil {
		return nil, err
	}
	var row [1]sqldriver.Value
	if err = rows.Next(row[:]); errors.Is(err, io.EOF) {
		err = nil
	}
	return row[0], errors.Join(err, rows.Close())
}

// number returns an integer column, and whether it is not NULL.
func number(v sqldriver.Value) (int64, bool) {
	n, ok := v.(int64)
	return n, ok
}

// integer returns an integer column that is never NULL.
func integer(v sqldriver.Value) int64 {
	n, _ := number(v)
	return n
}
