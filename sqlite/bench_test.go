package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// The benchmarks put the store beside raw database/sql on the same file format and the same settings:
//
//	go test ./sqlite -run '^$' -bench 'Set|Get' -benchtime 2s -count 6
const (
	benchKeys  = 50_000
	benchValue = 100
)

func benchKey(i int) string { return fmt.Sprintf("user:%012d", i) }

// goroutines runs fn b.N times from n goroutines.
func goroutines(b *testing.B, n int, fn func(i int)) {
	b.Helper()
	var next atomic.Int64
	done := make(chan struct{})
	b.ResetTimer()
	for range n {
		go func() {
			for int(next.Add(1)) <= b.N {
				fn(rand.IntN(benchKeys))
			}
			done <- struct{}{}
		}()
	}
	for range n {
		<-done
	}
	b.StopTimer()
}

func benchStore(b *testing.B, o Options) *Store {
	b.Helper()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	items := make([]driver.Item, benchKeys)
	for i := range items {
		items[i] = driver.Item{Key: benchKey(i), Value: make([]byte, benchValue)}
	}
	if err := s.SetMany(b.Context(), items, 0); err != nil {
		b.Fatal(err)
	}
	return s
}

// raw is a store's own file, opened by database/sql with the same pragmas and _txlock=immediate.
func raw(b *testing.B) *sql.DB {
	b.Helper()
	var db *sql.DB
	if !benchStore(b, Options{}).Unwrap(&db) {
		b.Fatal("no *sql.DB")
	}
	return db
}

// BenchmarkSet writes new keys in their order, and replaces random ones of those that are there.
func BenchmarkSet(b *testing.B) {
	var fresh atomic.Int64
	keys := []struct {
		name string
		key  func(i int) string
	}{
		{"new", func(int) string { return benchKey(benchKeys + int(fresh.Add(1))) }},
		{"old", benchKey},
	}
	for _, k := range keys {
		for _, n := range []int{1, 16} {
			name := fmt.Sprintf("keys=%s/goroutines=%d", k.name, n)
			b.Run(name+"/engine=raw", func(b *testing.B) { rawSet(b, n, k.key) })
			b.Run(name+"/engine=larder", func(b *testing.B) { larderSet(b, n, k.key, Options{}) })
			b.Run(name+"/engine=larder-max_bytes", func(b *testing.B) { larderSet(b, n, k.key, Options{MaxBytes: 1 << 30}) })
		}
	}
}

func rawSet(b *testing.B, n int, key func(int) string) {
	ctx, value, db := context.Background(), make([]byte, benchValue), raw(b)
	db.SetMaxOpenConns(1) // one writer at a time is what SQLite does best
	st, err := db.Prepare(sqlText[qUpsert])
	if err != nil {
		b.Fatal(err)
	}
	var version atomic.Int64
	goroutines(b, n, func(i int) {
		if _, err := st.ExecContext(ctx, []byte(key(i)), nil, nil, time.Now().UnixMilli(), version.Add(1), value); err != nil {
			b.Error(err)
		}
	})
}

func larderSet(b *testing.B, n int, key func(int) string, o Options) {
	ctx, value, s := context.Background(), make([]byte, benchValue), benchStore(b, o)
	goroutines(b, n, func(i int) {
		if err := s.Set(ctx, key(i), value, 0); err != nil {
			b.Error(err)
		}
	})
}

func BenchmarkGet(b *testing.B) {
	ctx := context.Background()
	for _, n := range []int{1, 16} {
		b.Run(fmt.Sprintf("engine=raw/goroutines=%d", n), func(b *testing.B) {
			db := raw(b)
			db.SetMaxOpenConns(readers())
			db.SetMaxIdleConns(readers())
			st, err := db.Prepare(`SELECT value FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)`)
			if err != nil {
				b.Fatal(err)
			}
			goroutines(b, n, func(i int) {
				var v []byte
				if err := st.QueryRowContext(ctx, []byte(benchKey(i)), time.Now().UnixMilli()).Scan(&v); err != nil {
					b.Error(err)
				}
			})
		})
		for name, o := range map[string]Options{"larder": {}, "larder-max_bytes": {MaxBytes: 1 << 30}} {
			b.Run(fmt.Sprintf("engine=%s/goroutines=%d", name, n), func(b *testing.B) {
				s := benchStore(b, o)
				goroutines(b, n, func(i int) {
					if _, err := s.Get(ctx, benchKey(i)); err != nil {
						b.Error(err)
					}
				})
			})
		}
	}
}
