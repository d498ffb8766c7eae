package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/larder-go/larder"
)

const (
	// rows is how many are in the file, valueSize how many bytes each value has.
	rows      = 50_000
	valueSize = 100
	// batch is how many keys a GetMany or SetMany has.
	batch = 100
)

// file is one larder file, used through larder or through database/sql.
type file struct {
	keys  keys
	value []byte
	view  *larder.View[[]byte]
	db    *sql.DB
	get   *sql.Stmt
	set   *sql.Stmt
	n     atomic.Int64 // versions that the raw side has written
}

func sqliteURL(path string) string {
	return fmt.Sprintf("sqlite://%s?key_prefix=shop&version=2&ttl=%v&codec=raw", path, ttl)
}

// template is the content of a file with all rows, which larder has made. It is made once.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "larder-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	c, err := larder.Open(context.Background(), sqliteURL(path))
	if err != nil {
		return nil, err
	}
	values := map[string][]byte{}
	for _, key := range newKeys(rows).short {
		values[key] = make([]byte, valueSize)
	}
	err = larder.Of[[]byte](c, "user:").SetMany(context.Background(), values)
	if err := errors.Join(err, c.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // Close has moved the write-ahead log into it
})

// newFile makes a file with all rows.
func newFile(tb testing.TB) (*file, string) {
	tb.Helper()
	content, err := template()
	must(tb, err)
	path := filepath.Join(tb.TempDir(), "bench.db")
	must(tb, os.WriteFile(path, content, 0o600))
	return &file{keys: newKeys(rows), value: make([]byte, valueSize)}, path
}

// viaLarder opens it as a program does.
func viaLarder(tb testing.TB) *file {
	tb.Helper()
	f, path := newFile(tb)
	f.view = larder.Of[[]byte](open(tb, sqliteURL(path)), "user:")
	return f
}

// viaSQL opens a file of the same table and rows with the pragmas that larder sets. larder is not running on it.
func viaSQL(tb testing.TB, connections int) *file {
	tb.Helper()
	f, path := newFile(tb)
	dsn := (&url.URL{Scheme: "file", Opaque: path, RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-2000)", "trusted_schema(0)", "busy_timeout(5000)"},
		"_txlock": {"immediate"},
	}.Encode()}).String()
	var err error
	f.db, err = sql.Open("sqlite", dsn)
	must(tb, err)
	tb.Cleanup(func() { must(tb, f.db.Close()) })
	f.db.SetMaxOpenConns(connections)
	f.db.SetMaxIdleConns(connections)
	f.get, err = f.db.Prepare(`SELECT value FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)`)
	must(tb, err)
	f.set, err = f.db.Prepare(`INSERT INTO entries (key, expires, used, version, value) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET expires = excluded.expires, used = excluded.used,
		version = excluded.version, value = excluded.value`)
	must(tb, err)
	return f
}

func (f *file) rawGet(ctx context.Context, st *sql.Stmt, i int) error {
	var value []byte
	return st.QueryRowContext(ctx, []byte(f.keys.full[i]), time.Now().UnixMilli()).Scan(&value)
}

func (f *file) rawSet(ctx context.Context, st *sql.Stmt, i int, lifetime time.Duration) error {
	now := time.Now()
	var expires any
	if lifetime > 0 {
		expires = now.Add(lifetime).UnixMilli()
	}
	_, err := st.ExecContext(ctx, []byte(f.keys.full[i]), expires, now.UnixMilli(), f.n.Add(1), f.value)
	return err
}

// fromGoroutines runs call b.N times, from n goroutines, each time for one of the first so many rows.
func fromGoroutines(b *testing.B, n, among int, call func(row int) error) {
	b.Helper()
	b.ReportAllocs()
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range n {
		all.Go(func() {
			for int(next.Add(1)) <= b.N {
				if err := call(rand.IntN(among)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
}

// readConnections are as many as larder has on up to two processors.
const readConnections = 4

// BenchmarkSQLiteGet has two contexts: one that never ends, and one that can, as every request to a server has.
func BenchmarkSQLiteGet(b *testing.B) {
	background := context.Background()
	request, cancel := context.WithCancel(background)
	defer cancel()
	raw, ours := viaSQL(b, readConnections), viaLarder(b)
	for _, ctx := range []struct {
		name string
		context.Context
	}{{"background", background}, {"request", request}} {
		for _, n := range []int{1, 16} {
			name := fmt.Sprintf("ctx=%s/goroutines=%d/engine=", ctx.name, n)
			b.Run(name+"raw", func(b *testing.B) {
				fromGoroutines(b, n, rows, func(i int) error { return raw.rawGet(ctx, raw.get, i) })
			})
			b.Run(name+"larder", func(b *testing.B) {
				fromGoroutines(b, n, rows, func(i int) error { _, err := ours.view.Get(ctx, ours.keys.short[i]); return err })
			})
		}
	}
}

// BenchmarkSQLiteSet replaces rows that are chosen at random among all, or among 1,000. Commits and checkpoints
// write whole pages, so one commit for 16 sets saves the more, the fewer pages they are on. With a ttl both sides have
// an index more to keep.
//
// The raw side has one connection, and in engine=raw-4 four. SQLite has one writer at a time: with one
// connection goroutines wait in database/sql's queue, with four in SQLite's busy handler, which sleeps.
func BenchmarkSQLiteSet(b *testing.B) {
	ctx := context.Background()
	raw, raw4, ours := viaSQL(b, 1), viaSQL(b, 4), viaLarder(b)
	for _, c := range []struct {
		name   string
		among  int
		ttl    time.Duration
		option larder.CallOption
	}{
		{"ttl=1h/among=50000", rows, ttl, larder.TTL(ttl)},
		{"ttl=never/among=50000", rows, 0, larder.NoExpiry},
		{"ttl=1h/among=1000", 1000, ttl, larder.TTL(ttl)},
	} {
		for _, n := range []int{1, 16} {
			name := fmt.Sprintf("%s/goroutines=%d/engine=", c.name, n)
			b.Run(name+"raw", func(b *testing.B) {
				fromGoroutines(b, n, c.among, func(i int) error { return raw.rawSet(ctx, raw.set, i, c.ttl) })
			})
			if n > 1 {
				b.Run(name+"raw-4", func(b *testing.B) {
					fromGoroutines(b, n, c.among, func(i int) error { return raw4.rawSet(ctx, raw4.set, i, c.ttl) })
				})
			}
			b.Run(name+"larder", func(b *testing.B) {
				fromGoroutines(b, n, c.among, func(i int) error { return ours.view.Set(ctx, ours.keys.short[i], ours.value, c.option) })
			})
		}
	}
}

// some are the keys of one batch.
func some() []int {
	at := make([]int, batch)
	for i := range at {
		at[i] = rand.IntN(rows)
	}
	return at
}

// BenchmarkSQLiteGetMany reads 100 keys: by 100 statements, by larder's GetMany.
func BenchmarkSQLiteGetMany(b *testing.B) {
	ctx := context.Background()
	raw, ours := viaSQL(b, readConnections), viaLarder(b)
	b.Run("engine=raw", func(b *testing.B) {
		fromGoroutines(b, 1, rows, func(int) error {
			for _, i := range some() {
				if err := raw.rawGet(ctx, raw.get, i); err != nil {
					return err
				}
			}
			return nil
		})
	})
	b.Run("engine=larder", func(b *testing.B) {
		fromGoroutines(b, 1, rows, func(int) error {
			wanted := make([]string, 0, batch)
			for _, i := range some() {
				wanted = append(wanted, ours.keys.short[i])
			}
			_, err := ours.view.GetMany(ctx, wanted)
			return err
		})
	})
}

// BenchmarkSQLiteSetMany writes 100 keys: by 100 statements, by 100 statements in one transaction, by larder's
// SetMany.
func BenchmarkSQLiteSetMany(b *testing.B) {
	ctx := context.Background()
	raw, ours := viaSQL(b, 1), viaLarder(b)
	b.Run("engine=raw", func(b *testing.B) {
		fromGoroutines(b, 1, rows, func(int) error { return raw.rawSetAll(ctx, raw.set, some()) })
	})
	b.Run("engine=raw-tx", func(b *testing.B) {
		fromGoroutines(b, 1, rows, func(int) error {
			tx, err := raw.db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			if err := raw.rawSetAll(ctx, tx.StmtContext(ctx, raw.set), some()); err != nil {
				_ = tx.Rollback()
				return err
			}
			return tx.Commit()
		})
	})
	b.Run("engine=larder", func(b *testing.B) {
		fromGoroutines(b, 1, rows, func(int) error {
			values := make(map[string][]byte, batch)
			for _, i := range some() {
				values[ours.keys.short[i]] = ours.value
			}
			return ours.view.SetMany(ctx, values)
		})
	})
}

func (f *file) rawSetAll(ctx context.Context, st *sql.Stmt, all []int) error {
	for _, i := range all {
		if err := f.rawSet(ctx, st, i, ttl); err != nil {
			return err
		}
	}
	return nil
}
