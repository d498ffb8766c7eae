package bench

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/url"
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

// file is a larder file, or one that a program without larder keeps its cache in.
type file struct {
	keys keys
	view *larder.View[[]byte]
	db   *sql.DB
	get  *sql.Stmt
	set  *sql.Stmt
	n    atomic.Int64 // values made
}

func newFile() *file { return &file{keys: newKeys(rows)} }

// value returns one that the file has not had: SQLite does not write a row that stays as it is.
func (f *file) value() []byte {
	v := make([]byte, valueSize)
	binary.BigEndian.PutUint64(v, uint64(f.n.Add(1)))
	return v
}

// viaLarder opens a file with all rows as a program does.
func viaLarder(tb testing.TB, lifetime ...larder.CallOption) *file {
	tb.Helper()
	f, ctx := newFile(), context.Background()
	url := fmt.Sprintf("sqlite://%s?key_prefix=shop&version=2&ttl=%v&codec=raw", filepath.Join(tb.TempDir(), "larder.db"), ttl)
	made, err := larder.Open(ctx, url)
	must(tb, err)
	values := map[string][]byte{}
	for _, key := range f.keys.short {
		values[key] = f.value()
	}
	must(tb, larder.Of[[]byte](made, "user:").SetMany(ctx, values, lifetime...))
	must(tb, made.Close()) // moves the write-ahead log into the file
	f.view = larder.Of[[]byte](open(tb, url), "user:")
	return f
}

// byIndex is how a program that sets a ttl finds the rows that it has to remove; one that sets none does not need it.
const byIndex = "CREATE INDEX cache_expires ON cache (expires)"

// viaSQL opens a file with the rows of viaLarder, in the table that one writes by hand. Only what a cache in SQLite
// needs to be any fast is not as it is by default: the write-ahead log, synchronous=NORMAL, prepared statements.
func viaSQL(tb testing.TB, connections int, index ...string) *file {
	tb.Helper()
	f := newFile()
	dsn := (&url.URL{Scheme: "file", Opaque: filepath.Join(tb.TempDir(), "raw.db"), RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(5000)"},
		"_txlock": {"immediate"},
	}.Encode()}).String()
	var err error
	f.db, err = sql.Open("sqlite", dsn)
	must(tb, err)
	tb.Cleanup(func() { must(tb, f.db.Close()) })
	f.db.SetMaxOpenConns(connections)
	f.db.SetMaxIdleConns(connections)
	_, err = f.db.Exec(`CREATE TABLE cache (key BLOB PRIMARY KEY, value BLOB NOT NULL, expires INTEGER)`)
	must(tb, err)
	for _, statement := range index {
		_, err = f.db.Exec(statement)
		must(tb, err)
	}
	f.get, err = f.db.Prepare(`SELECT value FROM cache WHERE key = ? AND (expires IS NULL OR expires > ?)`)
	must(tb, err)
	f.set, err = f.db.Prepare(`INSERT INTO cache (key, value, expires) VALUES (?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires`)
	must(tb, err)
	f.rawFill(tb, len(index) > 0)
	return f
}

// rawFill stores all rows in the order in which viaLarder does: a map's.
func (f *file) rawFill(tb testing.TB, expire bool) {
	tb.Helper()
	ctx, lifetime := context.Background(), time.Duration(0)
	if expire {
		lifetime = ttl
	}
	tx, err := f.db.BeginTx(ctx, nil)
	must(tb, err)
	for _, i := range rand.Perm(rows) {
		must(tb, f.rawSet(ctx, tx.StmtContext(ctx, f.set), i, lifetime))
	}
	must(tb, tx.Commit())
	_, err = f.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	must(tb, err)
}

func (f *file) rawGet(ctx context.Context, st *sql.Stmt, i int) error {
	var value []byte
	return st.QueryRowContext(ctx, []byte(f.keys.full[i]), time.Now().UnixMilli()).Scan(&value)
}

func (f *file) rawSet(ctx context.Context, st *sql.Stmt, i int, lifetime time.Duration) error {
	var expires any
	if lifetime > 0 {
		expires = time.Now().Add(lifetime).UnixMilli()
	}
	_, err := st.ExecContext(ctx, []byte(f.keys.full[i]), f.value(), expires)
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
	raw, ours := viaSQL(b, readConnections, byIndex), viaLarder(b)
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
// write whole pages, so one commit for 16 sets saves the more, the fewer pages they are on.
//
// The raw side has one connection, and in engine=raw-4 four. SQLite has one writer at a time: with one
// connection goroutines wait in database/sql's queue, with four in SQLite's busy handler, which sleeps. Where nothing
// expires its table has no index on expires. engine=raw-noindex has none where the rows do expire: it could
// remove them only by looking at every row.
func BenchmarkSQLiteSet(b *testing.B) {
	ctx := context.Background()
	expiring := []rival{{"raw", viaSQL(b, 1, byIndex)}, {"raw-4", viaSQL(b, 4, byIndex)}, {"raw-noindex", viaSQL(b, 1)}}
	lasting := []rival{{"raw", viaSQL(b, 1)}, {"raw-4", viaSQL(b, 4)}}
	withTTL, without := viaLarder(b), viaLarder(b, larder.NoExpiry)
	for _, c := range []struct {
		name   string
		among  int
		ttl    time.Duration
		ours   *file
		option larder.CallOption
		rivals []rival
	}{
		{"ttl=1h/among=50000", rows, ttl, withTTL, larder.TTL(ttl), expiring},
		{"ttl=1h/among=1000", 1000, ttl, withTTL, larder.TTL(ttl), expiring},
		{"ttl=never/among=50000", rows, 0, without, larder.NoExpiry, lasting},
		{"ttl=never/among=1000", 1000, 0, without, larder.NoExpiry, lasting},
	} {
		for _, n := range []int{1, 16} {
			name := fmt.Sprintf("%s/goroutines=%d/engine=", c.name, n)
			for _, r := range c.rivals {
				if n == 1 && r.name != "raw" {
					continue
				}
				b.Run(name+r.name, func(b *testing.B) {
					fromGoroutines(b, n, c.among, func(i int) error { return r.rawSet(ctx, r.set, i, c.ttl) })
				})
			}
			b.Run(name+"larder", func(b *testing.B) {
				fromGoroutines(b, n, c.among, func(i int) error {
					return c.ours.view.Set(ctx, c.ours.keys.short[i], c.ours.value(), c.option)
				})
			})
		}
	}
}

// rival is a way of doing without larder.
type rival struct {
	name string
	*file
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
	raw, ours := viaSQL(b, readConnections, byIndex), viaLarder(b)
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
	raw, ours := viaSQL(b, 1, byIndex), viaLarder(b)
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
				values[ours.keys.short[i]] = ours.value()
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
