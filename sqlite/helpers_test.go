package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// clock is a wall clock that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.UnixMilli(1_700_000_000_000)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func tempPath(t testing.TB) string { return filepath.Join(t.TempDir(), "t.db") }

func openTest(t testing.TB, path string, o Options, now func() time.Time) *Store {
	t.Helper()
	s, err := open(t.Context(), path, o, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// query returns the one number that a query on the store's file gives.
func (s *Store) query(t testing.TB, q string, args ...any) (n int64) {
	t.Helper()
	var db *sql.DB
	if !s.Unwrap(&db) {
		t.Fatal("no *sql.DB")
	}
	if err := db.QueryRow(q, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func mustSet(t testing.TB, s *Store, key string, value []byte, ttl time.Duration) {
	t.Helper()
	if err := s.Set(context.Background(), key, value, ttl); err != nil {
		t.Fatal(err)
	}
}

// eventually polls until ok, and fails the test if that takes more than 20 seconds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 seconds: %s", what)
		}
	}
}

// locked holds the write lock of the file by a connection of its own until the returned function is called.
func locked(t testing.TB, path string) (unlock func()) {
	t.Helper()
	c, err := dialWith(t.Context(), dsn(path, "rw"), "BEGIN IMMEDIATE")
	if err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if err := c.script(context.Background(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		_ = c.close()
	})
}
